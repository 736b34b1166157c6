/** Endpoints that belong together by what their resolver says of them. */
import type { PolicyEndpoint } from '../../endpoints/endpoint.js';

/** By key, in the order in which the keys come first. */
export function groupsOf<Data, Key>(
  endpoints: readonly PolicyEndpoint<Data>[],
  keyOf: (endpoint: PolicyEndpoint<Data>) => Key,
): Map<Key, PolicyEndpoint<Data>[]> {
  const groups = new Map<Key, PolicyEndpoint<Data>[]>();
  for (const endpoint of endpoints) {
    const key = keyOf(endpoint);
    const group = groups.get(key) ?? [];
    group.push(endpoint);
    groups.set(key, group);
  }
  return groups;
}
