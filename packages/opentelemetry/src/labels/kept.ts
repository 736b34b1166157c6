/** What is made once and found again, by a key. */

/** @param most what is made for further keys is not kept, so that who makes up keys can't fill the memory */
export function kept<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value, most = Infinity): Value {
  const existing = map.get(key);
  if (existing !== undefined) return existing;
  const made = make();
  if (map.size < most) map.set(key, made);
  return made;
}
