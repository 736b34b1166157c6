/** Of a few endpoints drawn at random, the one with the fewest RPCs in flight for its weight. */
import type { EndpointChooser, PolicyEndpoint, Rpc } from '../../endpoints/endpoint.js';
import { WeightedRotation } from '../picking/weighted-rotation.js';
import { BestOfFew, type PartOfShare } from './best-of-few.js';
import { weighEqually, weightOf } from './weight.js';

/** RPCs go round in proportion to the weights; one is given to another endpoint that would still have fewer for its weight then. */
class WeightedPicker<Data> extends BestOfFew<Data> {
  private readonly rotation: WeightedRotation<PolicyEndpoint<Data>>;

  constructor(ready: readonly PolicyEndpoint<Data>[], choiceCount: number, part?: PartOfShare<Data>) {
    super(ready, choiceCount, part);
    this.rotation = new WeightedRotation(ready, weightOf, Math.random());
  }

  protected override first(tried: Rpc['tried']): PolicyEndpoint<Data> | undefined {
    const endpoint = this.rotation.next();
    return tried.includes(endpoint) ? undefined : endpoint;
  }

  protected override load(endpoint: PolicyEndpoint<Data>): number {
    return (this.inFlight(endpoint) + 1) / weightOf(endpoint);
  }

  protected override limit(first: PolicyEndpoint<Data>): number {
    return this.inFlight(first) / weightOf(first);
  }
}

/**
 * The picker of `least_request`, also for policies that have chosen a group.
 *
 * @param ready at least one
 * @param part the part of its share that an endpoint in slow start has. Default: nobody is in it
 */
export function leastBusy<Data>(
  ready: readonly PolicyEndpoint<Data>[],
  choiceCount: number,
  part?: PartOfShare<Data>,
): EndpointChooser<Data> {
  const Picker = weighEqually(ready) ? BestOfFew : WeightedPicker;
  return new Picker<Data>(ready, choiceCount, part);
}
