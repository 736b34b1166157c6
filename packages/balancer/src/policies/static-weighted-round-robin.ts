/**
 * `static_weighted_round_robin`: RPCs go round in proportion to the weights that the resolver gives its endpoints. (The
 * `weighted_round_robin` of grpc-js weighs by what servers report of their load, gRFC A58.)
 */
import { EndpointChooser, type PolicyEndpoint, type Rpc } from '../endpoints/endpoint.js';
import { definePolicy } from '../policy/define-policy.js';
import { type Policy, whenUsed } from '../policy/policy-object.js';
import { weightOf } from './choice/weight.js';
import { WeightedRotation } from './picking/weighted-rotation.js';

class WeightedPicker extends EndpointChooser {
  private readonly ready: readonly PolicyEndpoint[];
  private readonly rotation: WeightedRotation<PolicyEndpoint>;

  constructor(ready: readonly PolicyEndpoint[]) {
    super();
    this.ready = ready;
    this.rotation = new WeightedRotation(ready, weightOf, Math.random());
  }

  choose({ tried }: Rpc): PolicyEndpoint {
    let endpoint = this.rotation.next();
    // A later attempt goes elsewhere. A heavy endpoint may have many turns in a row, so the search has an end.
    for (let i = 1; i < this.ready.length && tried.includes(endpoint); i++) endpoint = this.rotation.next();
    if (!tried.includes(endpoint)) return endpoint;
    return this.ready.find((other) => !tried.includes(other)) ?? endpoint;
  }
}

/** `static_weighted_round_robin`. Its config has no fields: weights are the resolver's. */
export const staticWeightedRoundRobin: Policy = whenUsed(() =>
  definePolicy({
    name: 'static_weighted_round_robin',
    createPicker: (ready) => (ready.length > 0 ? new WeightedPicker(ready) : undefined),
  }),
);
