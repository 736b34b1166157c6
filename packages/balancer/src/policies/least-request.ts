/** `least_request` (gRFC A48): of a few endpoints drawn at random, the one with the fewest RPCs in flight. */
import { integer } from '@petiole/service-config';
import type { PolicyEndpoint, Rpc } from '../endpoints/endpoint.js';
import { definePolicy } from '../policy/define-policy.js';
import type { Policy } from '../policy/policy-object.js';
import { BestOfFew } from './choice/best-of-few.js';
import { Fleet, Joined, SLOW_START, type SlowStartConfig } from './choice/slow-start.js';
import { weighEqually, weightOf } from './choice/weight.js';
import type { SlowStart } from './picking/slow-start.js';
import { WeightedRotation } from './picking/weighted-rotation.js';

/** The JSON config of `least_request`. */
export interface LeastRequestConfig {
  /** How many endpoints are compared for each RPC: an integer from 2; more than 10 count as 10. Default 2. */
  readonly choiceCount?: number | null;
  /** Endpoints that join a running fleet get their share little by little. Default: at once. */
  readonly slowStart?: SlowStartConfig | null;
}

type Endpoint = PolicyEndpoint<Joined>;

class EqualPicker extends BestOfFew<Joined> {
  protected override load(endpoint: Endpoint): number {
    return this.inFlight(endpoint);
  }
}

/** RPCs go round in proportion to the weights; one is given to another endpoint that would still have fewer for its weight then. */
class WeightedPicker extends BestOfFew<Joined> {
  private readonly rotation: WeightedRotation<{ readonly weight: number; readonly endpoint: Endpoint }>;

  constructor(ready: readonly Endpoint[], choiceCount: number, slowStart: SlowStart | undefined) {
    super(ready, choiceCount, slowStart);
    const members = ready.map((endpoint) => ({ endpoint, weight: weightOf(endpoint) }));
    this.rotation = new WeightedRotation(members, Math.random());
  }

  protected override first(tried: Rpc['tried']): Endpoint | undefined {
    const { endpoint } = this.rotation.next();
    return tried.includes(endpoint) ? undefined : endpoint;
  }

  protected override load(endpoint: Endpoint): number {
    return (this.inFlight(endpoint) + 1) / weightOf(endpoint);
  }

  protected override limit(first: Endpoint): number {
    return this.inFlight(first) / weightOf(first);
  }
}

/** `least_request`, also under its name in A48 and grpc-go. */
export const leastRequest: Policy<LeastRequestConfig> = definePolicy({
  name: 'least_request',
  aliases: ['least_request_experimental'],
  // "If `choice_count < 2`, the config will be rejected"; above 10, "the policy will set choice_count = 10" - A48
  fields: { choiceCount: integer({ min: 2, max: 2 ** 32 - 1, default: 2 }), slowStart: SLOW_START },
  createMemory: () => new Fleet(),
  createData: () => new Joined(),
  createPicker(ready, view) {
    const slowStart = view.memory.slowStart(view);
    if (ready.length === 0) return undefined;
    const Picker = weighEqually(ready) ? EqualPicker : WeightedPicker;
    return new Picker(ready, Math.min(10, view.config.choiceCount), slowStart);
  },
});
