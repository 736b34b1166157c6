/**
 * In which order hosts are looked up: those that have waited longest first. Where the deadline is too short for all of
 * them, each look goes on where the one before it had to stop, and none is left out for ever. One that was cut short has
 * not had its turn; one that began with the look has, whatever came of it: a silent host must not block a place for ever.
 */

export class HostTurns {
  /** The number of the turn that each host had last. */
  readonly #had = new Map<string, number>();
  #lastTurn = 0;

  /** Looks up all of them, at most `bound` at a time, until the signal aborts: `lookUp` is to end early then. */
  async each(
    hosts: ReadonlySet<string>,
    bound: number,
    signal: AbortSignal,
    lookUp: (host: string) => Promise<void>,
  ): Promise<void> {
    const turnOf = (host: string): number => this.#had.get(host) ?? 0; // new ones come first, in their own order
    const ordered = [...hosts].sort((left, right) => turnOf(left) - turnOf(right));
    await mapBounded(ordered, bound, async (host, index) => {
      await lookUp(host);
      if (index < bound || !signal.aborted) this.#had.set(host, ++this.#lastTurn);
    });
  }

  /** Forgets the hosts that are not in use any more. */
  retain(hosts: ReadonlySet<string>): void {
    for (const host of this.#had.keys()) if (!hosts.has(host)) this.#had.delete(host);
  }
}

/**
 * Maps a list through an asynchronous function, of which at most `bound` calls are in flight. Results stand in the order
 * of the entries. Rejects with the first rejection; entries not yet begun then stay so.
 */
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
