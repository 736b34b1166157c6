/**
 * Each address once in an endpoint, each endpoint once in a list. grpc-js's `pick_first` waits for ever when an address
 * that it is given twice cannot be reached (1.14.7): both share one subchannel, and only the first one's failure counts.
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
