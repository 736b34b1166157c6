/**
 * `ring_hash_experimental` (gRFCs A42 and A76): RPCs with the same value of a header go to the same server, from every
 * client. A server is connected to when the first RPC comes that belongs there.
 */
import { isDeepStrictEqual } from 'node:util';
import { integer, string } from '@petiole/service-config';
import { show } from '@petiole/service-config/internal';
import type { PolicyEndpoint } from '../endpoints/endpoint.js';
import { definePolicy } from '../policy/define-policy.js';
import { type Policy, whenUsed } from '../policy/policy-object.js';
import { type Member, RingPicker } from './choice/ring-picker.js';
import { weightOf } from './choice/weight.js';
import { HashRing } from './picking/hash-ring.js';

/** The JSON config of `ring_hash_experimental`. */
export interface RingHashConfig {
  /** The least number of entries on the ring: an integer from 1 to 8388608, of which 4096 count. Default 1024. */
  readonly minRingSize?: number | null;
  /** The greatest number of entries, at least `minRingSize`: an integer up to 8388608, of which 4096 count. Default 4096. */
  readonly maxRingSize?: number | null;
  /** The header whose value is an RPC's key, e.g. `x-user-id`. RPCs without it go anywhere. Default: none has a key. */
  readonly requestHashHeader?: string | null;
}

const LARGEST_RING = 8 * 1024 * 1024;
const SIZE = { min: 1, max: LARGEST_RING };

/** What larger sizes count as, which grpc-go reads from the same variable. */
function sizeCap(): number {
  const text = process.env.GRPC_RING_HASH_CAP || '4096';
  const cap = Number(text);
  if (Number.isInteger(cap) && cap >= 1 && cap <= LARGEST_RING) return cap;
  throw new RangeError(`GRPC_RING_HASH_CAP must be an integer from 1 to ${LARGEST_RING}, got ${show(text)}`);
}

/** The first address where the resolver gave no key, or something else. */
function hashKeyOf({ attributes: { hashKey }, addresses }: PolicyEndpoint): string {
  return typeof hashKey === 'string' && hashKey !== '' ? hashKey : (addresses[0] as string);
}

/** A ring has thousands of hashes: it is made anew when its members or sizes are others, and not when states are. */
class RingKeeper {
  private made: { readonly of: unknown; readonly ring: HashRing<Member> } | undefined = undefined;

  ring(endpoints: readonly PolicyEndpoint[], minSize: number, maxSize: number): HashRing<Member> {
    const cap = sizeCap();
    const sizes = [Math.min(minSize, cap), Math.min(maxSize, cap)] as const;
    const members = endpoints.map((endpoint, index) => ({
      hashKey: hashKeyOf(endpoint),
      weight: weightOf(endpoint),
      index,
    }));
    const of = { sizes, members };
    if (this.made === undefined || !isDeepStrictEqual(this.made.of, of))
      this.made = { of, ring: new HashRing(members, ...sizes) };
    return this.made.ring;
  }
}

/** `ring_hash_experimental`, its name in grpc-go; `ring_hash` is that of `@grpc/grpc-js-xds`. */
export const ringHash: Policy<RingHashConfig> = whenUsed(() =>
  definePolicy({
    name: 'ring_hash_experimental',
    fields: {
      minRingSize: integer({ ...SIZE, default: 1024 }),
      maxRingSize: integer({ ...SIZE, default: 4096 }),
      requestHashHeader: string({ default: '' }),
    },
    check({ minRingSize, maxRingSize, requestHashHeader: header }) {
      if (minRingSize > maxRingSize)
        throw new RangeError(`minRingSize must be at most maxRingSize (${maxRingSize}), got ${minRingSize}`);
      if (header !== '' && (!/^[\w.-]+$/.test(header) || /-bin$/i.test(header)))
        throw new RangeError(
          `requestHashHeader must be the name of a header that is text, not "…-bin", got ${show(header)}`,
        );
    },
    connect: 'when asked',
    createMemory: () => new RingKeeper(),
    // A42's table: where two have failed, a parent policy should look elsewhere. Then one of the others must connect by itself, as
    // no RPC comes that would ask for it.
    state({ endpoints, readyCount }) {
      if (readyCount > 0) return 'READY';
      const count = (wanted: string) => endpoints.filter(({ state }) => state === wanted).length;
      const [failed, connecting] = [count('TRANSIENT_FAILURE'), count('CONNECTING')];
      const idle = endpoints.find(({ state }) => state === 'IDLE');
      if (failed > 0 && connecting === 0) idle?.connect();
      if (failed > 1) return 'TRANSIENT_FAILURE';
      if (connecting > 0 || (failed > 0 && endpoints.length > 1)) return 'CONNECTING';
      return idle === undefined ? 'TRANSIENT_FAILURE' : 'IDLE';
    },
    createPicker(_, { config, endpoints, memory }) {
      if (endpoints.length === 0) return undefined;
      const ring = memory.ring(endpoints, config.minRingSize, config.maxRingSize);
      return new RingPicker(config.requestHashHeader, ring, endpoints);
    },
  }),
);
