/** `least_request` (gRFC A48): of a few endpoints drawn at random, the one with the fewest RPCs in flight. */
import type { experimental } from '@grpc/grpc-js';
import { integer } from '@petiole/service-config';
import type { PolicyEndpoint } from '../endpoints/endpoint.js';
import { definePolicy } from '../policy/define-policy.js';
import type { Policy } from '../policy/policy-object.js';

/** The JSON config of `least_request`. */
export interface LeastRequestConfig {
  /** How many endpoints are compared for each RPC: an integer from 2; more than 10 count as 10. Default 2. */
  readonly choiceCount?: number | null;
}

class LeastRequestPicker implements experimental.Picker {
  private readonly choiceCount: number;
  private readonly endpoints: PolicyEndpoint[];

  constructor(ready: readonly PolicyEndpoint[], choiceCount: number) {
    this.choiceCount = choiceCount;
    this.endpoints = [...ready]; // a copy: drawing shuffles it
  }

  pick(): experimental.PickResult {
    let best = this.draw(0);
    for (let i = 1; i < this.choiceCount && i < this.endpoints.length; i++) {
      const other = this.draw(i);
      if (other.inFlight < best.inFlight) best = other;
    }
    return best.pickResult;
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
