/**
 * Rendezvous hashing as gRFC A68 and grpc-go's `random_subsetting_experimental` do it: a client keeps the endpoints that come
 * first by a hash of its own. When the list changes by one endpoint, so does the subset by at most one.
 */
import { compareHashes, type Hash64, xxh64 } from './xxh64.js';

/**
 * The `subsetSize` endpoints that come first by the hash that the seed gives to their first address, in the order of their
 * hashes; all of them, in their own order, when there are no more. Endpoints without an address are left out.
 */
export function chooseSubset<Endpoint extends { readonly addresses: readonly string[] }>(
  endpoints: readonly Endpoint[],
  subsetSize: number,
  seed: Hash64,
): Endpoint[] {
  const usable = endpoints.filter(({ addresses }) => addresses.length > 0);
  if (usable.length <= subsetSize) return usable;
  return usable
    .map((endpoint) => ({ ...xxh64(asGoPrints(endpoint.addresses[0] as string), seed), endpoint }))
    .sort(compareHashes)
    .slice(0, subsetSize)
    .map(({ endpoint }) => endpoint);
}

/** A68 hashes "the first address". In grpc-go that is what its `resolver.Address` prints, without a server name. */
const asGoPrints = (address: string): string => `{Addr: ${JSON.stringify(address)}, ServerName: "", }`;
