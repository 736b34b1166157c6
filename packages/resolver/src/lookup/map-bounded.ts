/**
 * Maps a list through an asynchronous function with a bound on how many calls are in flight.
 */

/** Results stand in the order of the entries. Rejects with the first rejection; entries not yet begun then stay so. */
export async function mapBounded<T, R>(
  entries: readonly T[],
  bound: number,
  map: (entry: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  // The workers share it: each takes the next entry that nobody has. A loop that throws closes a generator, for all.
  const queue = (function* () {
    yield* entries.entries();
  })();
  const work = async (): Promise<void> => {
    for (const [index, entry] of queue) results[index] = await map(entry, index);
  };
  await Promise.all(Array.from({ length: Math.min(bound, entries.length) }, work));
  return results;
}
