/**
 * The ring of gRFC A42, built as grpc-go's `ring_hash_experimental` builds it: the same members make the same ring in
 * both, so that a key goes to the same server from a client in Go and from one here.
 */
import { compareHashes, type Hash64, xxh64 } from './xxh64.js';

export interface RingMember {
  /** What places the member on the ring: the `hashKey` of gRFC A76, or else the first address, as `host:port`. */
  readonly hashKey: string;
  /** An integer from 1: members have entries in proportion to it. */
  readonly weight: number;
}

/** Members with the same hash key have the same places: the earlier one in the list comes first in each. */
export class HashRing<Member extends RingMember> {
  /** Of each entry, in the order of the hashes: its hash in two halves, and its member. */
  private readonly high: Uint32Array;
  private readonly low: Uint32Array;
  private readonly members: readonly Member[];
  /** How many members have an entry: of a small ring, not all. */
  private readonly present: number;

  /** Needs at least one member. Has `minRingSize` to `maxRingSize` entries, or by rounding one more. */
  constructor(members: readonly Member[], minRingSize: number, maxRingSize: number) {
    const total = members.reduce((sum, { weight }) => sum + weight, 0);
    const least = members.reduce((min, { weight }) => Math.min(min, weight / total), 1);
    // Whoever weighs least has a whole number of entries, as in Envoy, if the ring may be that large.
    const scale = Math.min(Math.ceil(least * minRingSize) / least, maxRingSize);
    const entries: (Hash64 & { readonly member: Member })[] = [];
    let target = 0;
    // Sums of fractions depend on the order of the summands: Go sorts strings by their bytes.
    const bytes = ({ hashKey }: Member): Buffer => Buffer.from(hashKey);
    for (const member of [...members].sort((a, b) => Buffer.compare(bytes(a), bytes(b)))) {
      target += scale * (member.weight / total);
      for (let i = 0; entries.length < target; i++) {
        entries.push({ ...xxh64(`${member.hashKey}_${i}`), member });
      }
    }
    entries.sort(compareHashes);
    this.high = Uint32Array.from(entries, ({ high }) => high);
    this.low = Uint32Array.from(entries, ({ low }) => low);
    this.members = entries.map(({ member }) => member);
    this.present = new Set(this.members).size;
  }

  /** The number of entries. */
  get size(): number {
    return this.members.length;
  }

  /** The index of the first entry whose hash is not below the given one, or of the first entry of all. */
  find({ high, low }: Hash64): number {
    let from = 0;
    let to = this.size;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const difference = (this.high[middle] as number) - high || (this.low[middle] as number) - low;
      if (difference < 0) from = middle + 1;
      else to = middle;
    }
    return from % this.size;
  }

  /** The members around the ring, from a hash on, each once. */
  *from(hash: Hash64): Generator<Member> {
    const found = this.find(hash);
    const met = new Set<Member>();
    for (let i = found; met.size < this.present; i++) {
      const member = this.at(i);
      if (met.has(member)) continue;
      met.add(member);
      yield member;
    }
  }

  /** The member of an entry. Indices go on around the ring: a walk is `at(found)`, `at(found + 1)`, … up to `size` of them. */
  at(index: number): Member {
    return this.members[index % this.size] as Member;
  }
}
