/**
 * The order of a changed list: survivors stay where they were, newcomers come last.
 * DNS servers rotate their records; a policy's rotation and pick_first's favourite must not move with them.
 */

/**
 * Orders `next` after `previous` by key, without duplicates; linear in the size of both.
 * @param survive what becomes of an entry that is in both. Default: that of `next`.
 */
export function keepPlaces<T>(
  previous: readonly T[],
  next: readonly T[],
  keyOf: (entry: T) => string,
  survive: (before: T, now: T) => T = (_, now) => now,
): T[] {
  const waiting = new Map<string, T>();
  for (const entry of next) {
    const key = keyOf(entry);
    if (!waiting.has(key)) waiting.set(key, entry);
  }
  const ordered: T[] = [];
  for (const entry of previous) {
    const key = keyOf(entry);
    const survivor = waiting.get(key);
    if (survivor === undefined) continue;
    ordered.push(survive(entry, survivor));
    waiting.delete(key);
  }
  return [...ordered, ...waiting.values()];
}
