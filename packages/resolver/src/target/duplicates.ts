/**
 * Each address once in an endpoint, each endpoint once in a list: `pick_first` may wait for ever on an address that it is
 * given twice (fact R13).
 */
import type { experimental } from '@grpc/grpc-js';
import { endpointKey, withoutRepetition } from '@petiole/service-config/internal';

/** Copies of the endpoints and their addresses, the first of each kind in its place. */
export function withoutDuplicates<Address extends experimental.SubchannelAddress>(
  endpoints: ReadonlyArray<{ readonly addresses: readonly Address[] }>,
): Array<{ addresses: Address[] }> {
  const kept = new Map<string, { addresses: Address[] }>();
  for (const endpoint of endpoints) {
    const key = endpointKey(endpoint);
    if (kept.has(key)) continue;
    kept.set(key, { addresses: withoutRepetition(endpoint.addresses).map((address) => ({ ...address })) });
  }
  return [...kept.values()];
}
