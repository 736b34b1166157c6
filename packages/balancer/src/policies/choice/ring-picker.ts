/** The picker of `ring_hash_experimental`: around the ring from the hash of an RPC on, up to an endpoint that may have it. */
import type { experimental } from '@grpc/grpc-js';
import type { PolicyEndpoint, PolicyPickArgs, PolicyPicker } from '../../endpoints/endpoint.js';
import { queuePick } from '../../endpoints/pick-result.js';
import type { HashRing, RingMember } from '../picking/hash-ring.js';
import { type Hash64, randomHash, xxh64 } from '../picking/xxh64.js';

/** An endpoint is known by its place in the list: a ring depends on keys and weights, and outlives connections. */
export interface Member extends RingMember {
  readonly index: number;
}

export class RingPicker implements PolicyPicker {
  private readonly header: string;
  private readonly ring: HashRing<Member>;
  private readonly endpoints: readonly PolicyEndpoint[];
  /** Whom RPCs without a key have asked to connect: it does so in the next tick, and is IDLE until then. */
  private asked: PolicyEndpoint | undefined = undefined;

  constructor(header: string, ring: HashRing<Member>, endpoints: readonly PolicyEndpoint[]) {
    this.header = header;
    this.ring = ring;
    this.endpoints = endpoints;
  }

  pick({ metadata }: PolicyPickArgs): experimental.PickResult {
    const values = this.header === '' ? [] : metadata.get(this.header);
    const hash = values.length > 0 ? xxh64(values.join(',')) : randomHash();
    const own = this.endpoints[this.ring.at(this.ring.find(hash)).index] as PolicyEndpoint;
    if (own.state === 'READY') return own.pickResult;
    return (values.length > 0 ? this.pickNext(hash) : this.pickAny(hash)) ?? own.pickResult;
  }

  /** The first one that has not failed has the RPC, now or once it is connected. Undefined if all have. */
  private pickNext(hash: Hash64): experimental.PickResult | undefined {
    for (const endpoint of this.from(hash)) {
      if (endpoint.state === 'TRANSIENT_FAILURE') continue;
      if (endpoint.state === 'IDLE') endpoint.connect();
      return endpoint.pickResult;
    }
    return undefined;
  }

  /** "If no endpoint is currently in CONNECTING state, it will trigger a connection attempt on at most one endpoint" - A76 */
  private pickAny(hash: Hash64): experimental.PickResult | undefined {
    let connects: boolean | undefined;
    for (const endpoint of this.from(hash)) {
      if (endpoint.state === 'READY') return endpoint.pickResult;
      connects ??= this.endpoints.some(({ state }) => state === 'CONNECTING');
      if (connects || endpoint.state !== 'IDLE') continue;
      if (this.asked?.state !== 'IDLE') this.asked = endpoint;
      this.asked.connect();
      connects = true;
    }
    return connects ? queuePick() : undefined;
  }

  private *from(hash: Hash64): Generator<PolicyEndpoint> {
    for (const { index } of this.ring.from(hash)) yield this.endpoints[index] as PolicyEndpoint;
  }
}
