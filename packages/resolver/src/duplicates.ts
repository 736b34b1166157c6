/**
 * Each address once in an endpoint, each endpoint once in a list. grpc-js's `pick_first` waits for ever when an address
 * that it is given twice cannot be reached (1.14.7): both share one subchannel, and only the first one's failure counts.
 */
import type { experimental } from '@grpc/grpc-js';
import { formatSubchannelAddress } from './address.js';

/**
 * Copies of the endpoints and their addresses, the first of each kind in its place. An endpoint is its set of addresses, in any order
 * (gRFC A61).
 */
export function withoutDuplicates<Address extends experimental.SubchannelAddress>(
  endpoints: ReadonlyArray<{ readonly addresses: readonly Address[] }>,
): Array<{ addresses: Address[] }> {
  const seen = new Set<string>();
  const kept: Array<{ addresses: Address[] }> = [];
  for (const { addresses } of endpoints) {
    const once = new Map<string, Address>();
    for (const address of addresses) {
      const key = formatSubchannelAddress(address);
      if (!once.has(key)) once.set(key, { ...address });
    }
    const key = [...once.keys()].sort().join('\0'); // which no path can hold
    if (seen.has(key)) continue;
    seen.add(key);
    kept.push({ addresses: [...once.values()] });
  }
  return kept;
}
