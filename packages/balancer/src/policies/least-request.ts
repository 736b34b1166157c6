/** `least_request` (gRFC A48): of a few endpoints drawn at random, the one with the fewest RPCs in flight. */
import type { experimental } from '@grpc/grpc-js';
import { integer } from '@petiole/service-config';
import type { PolicyEndpoint, PolicyPickArgs, PolicyPicker, Rpc } from '../endpoints/endpoint.js';
import { definePolicy } from '../policy/define-policy.js';
import type { Policy } from '../policy/policy-object.js';

/** The JSON config of `least_request`. */
export interface LeastRequestConfig {
  /** How many endpoints are compared for each RPC: an integer from 2; more than 10 count as 10. Default 2. */
  readonly choiceCount?: number | null;
}

class LeastRequestPicker implements PolicyPicker {
  private readonly choiceCount: number;
  private readonly endpoints: PolicyEndpoint[];

  constructor(ready: readonly PolicyEndpoint[], choiceCount: number) {
    this.choiceCount = choiceCount;
    this.endpoints = [...ready]; // a copy: drawing shuffles it
  }

  pick({ rpc }: PolicyPickArgs): experimental.PickResult {
    const best = this.best(rpc.tried) ?? this.best([]);
    return (best as PolicyEndpoint).pickResult;
  }

  /** The least loaded of the first few that are drawn; a later attempt of an RPC passes those over that were tried. */
  private best(tried: Rpc['tried']): PolicyEndpoint | undefined {
    let best: PolicyEndpoint | undefined;
    for (let i = 0, choices = 0; choices < this.choiceCount && i < this.endpoints.length; i++) {
      const drawn = this.draw(i);
      if (tried.length > 0 && tried.includes(drawn)) continue;
      choices++;
      if (best === undefined || drawn.inFlight < best.inFlight) best = drawn;
    }
    return best;
  }

  /** The i-th sample, distinct from those before: else a hung endpoint could win against itself (grpc-java #12237). */
  private draw(i: number): PolicyEndpoint {
    const at = i + Math.floor(Math.random() * (this.endpoints.length - i));
    const drawn = this.endpoints[at] as PolicyEndpoint;
    this.endpoints[at] = this.endpoints[i] as PolicyEndpoint;
    this.endpoints[i] = drawn;
    return drawn;
  }
}

/** `least_request`, also under its name in A48 and grpc-go. */
export const leastRequest: Policy<LeastRequestConfig> = definePolicy({
  name: 'least_request',
  aliases: ['least_request_experimental'],
  // "If `choice_count < 2`, the config will be rejected"; above 10, "the policy will set choice_count = 10" - A48
  fields: { choiceCount: integer({ min: 2, max: 2 ** 32 - 1, default: 2 }) },
  createPicker(ready, { config }) {
    return ready.length > 0 ? new LeastRequestPicker(ready, Math.min(10, config.choiceCount)) : undefined;
  },
});
