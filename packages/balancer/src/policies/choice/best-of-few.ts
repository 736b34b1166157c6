/** The picker of policies that draw a few endpoints at random and take the best of them ("the power of two choices"). */
import { EndpointChooser, type PolicyEndpoint, type Rpc } from '../../endpoints/endpoint.js';

/** How often an RPC is taken from an endpoint in its slow start, at most: where all are new, one of them must have it. */
const MOST_REFUSALS = 32;

/** The part of its share that an endpoint has, above 0 and at most 1. */
export type PartOfShare<Data> = (data: Data) => number;

export class BestOfFew<Data> extends EndpointChooser<Data> {
  private readonly choiceCount: number;
  private readonly part: PartOfShare<Data> | undefined;
  /** A load that is less than this part of the first one's is better; one that differs by less is the same. */
  protected readonly margin: number = 1;
  private readonly endpoints: PolicyEndpoint<Data>[];

  /**
   * @param ready at least one
   * @param part undefined while nobody is in slow start, which then costs nothing
   */
  constructor(ready: readonly PolicyEndpoint<Data>[], choiceCount: number, part?: PartOfShare<Data>) {
    super();
    this.choiceCount = choiceCount;
    this.part = part;
    this.endpoints = [...ready]; // a copy: drawing shuffles it
  }

  /** What makes an endpoint worse than another one. Default: its RPCs in flight. */
  protected load(endpoint: PolicyEndpoint<Data>): number {
    return this.inFlight(endpoint);
  }

  /** The load below which another one is better than the first choice. */
  protected limit(first: PolicyEndpoint<Data>): number {
    return this.load(first);
  }

  /** The first choice, to which the others must be preferable; none of those that were tried. Default: one that is drawn. */
  protected first(_tried: Rpc['tried']): PolicyEndpoint<Data> | undefined {
    return undefined;
  }

  choose({ tried }: Rpc): PolicyEndpoint<Data> {
    let best = this.best(tried);
    const { part } = this;
    if (part === undefined) return best;
    // Shares that are multiplied by the factor, whatever they are: a new endpoint takes an RPC with that probability.
    for (let i = 0; i < MOST_REFUSALS && Math.random() >= part(best.data); i++) best = this.best(tried);
    return best;
  }

  /** The RPCs in flight. In slow start each one weighs more, or the lack of them would draw RPCs against the factor. */
  protected inFlight(endpoint: PolicyEndpoint<Data>): number {
    return this.part === undefined ? endpoint.inFlight : endpoint.inFlight / this.part(endpoint.data);
  }

  /** A later attempt of an RPC passes those over that were tried, while there is another one. */
  private best(tried: Rpc['tried']): PolicyEndpoint<Data> {
    const first = this.first(tried);
    let best = first;
    let least = first === undefined ? 0 : this.limit(first);
    for (let i = 0, choices = first ? 1 : 0; choices < this.choiceCount && i < this.endpoints.length; i++) {
      const drawn = this.draw(i);
      if (drawn === first || (tried.length > 0 && tried.includes(drawn))) continue;
      choices++;
      const load = this.load(drawn);
      if (best === undefined || load < least * this.margin) {
        best = drawn;
        least = load;
      }
    }
    return best ?? this.best([]);
  }

  /** The i-th sample, distinct from those before: else a hung endpoint could win against itself (grpc-java #12237). */
  private draw(i: number): PolicyEndpoint<Data> {
    const at = i + Math.floor(Math.random() * (this.endpoints.length - i));
    const drawn = this.endpoints[at] as PolicyEndpoint<Data>;
    this.endpoints[at] = this.endpoints[i] as PolicyEndpoint<Data>;
    this.endpoints[i] = drawn;
    return drawn;
  }
}
