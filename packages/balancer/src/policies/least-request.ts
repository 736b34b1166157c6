/** `least_request` (gRFC A48): of a few endpoints drawn at random, the one with the fewest RPCs in flight. */
import { integer } from '@petiole/service-config';
import { definePolicy } from '../policy/define-policy.js';
import { type Policy, whenUsed } from '../policy/policy-object.js';
import { leastBusy } from './choice/least-busy.js';
import { Fleet, Joined, type SlowStartConfig, slowStart } from './choice/slow-start.js';

/** The JSON config of `least_request`. */
export interface LeastRequestConfig {
  /** How many endpoints are compared for each RPC: an integer from 2; more than 10 count as 10. Default 2. */
  readonly choiceCount?: number | null;
  /** Endpoints that join a running fleet get their share little by little. Default: at once. */
  readonly slowStart?: SlowStartConfig | null;
}

/** `least_request`, also under its name in A48 and grpc-go. */
export const leastRequest: Policy<LeastRequestConfig> = whenUsed(() =>
  definePolicy({
    name: 'least_request',
    aliases: ['least_request_experimental'],
    // "If `choice_count < 2`, the config will be rejected"; above 10, "the policy will set choice_count = 10" - A48
    fields: { choiceCount: integer({ min: 2, max: 2 ** 32 - 1, default: 2 }), slowStart: slowStart() },
    createMemory: () => new Fleet(),
    createData: () => new Joined(),
    createPicker(ready, view) {
      const part = view.memory.partOfShare(view);
      return ready.length > 0 ? leastBusy(ready, Math.min(10, view.config.choiceCount), part) : undefined;
    },
  }),
);
