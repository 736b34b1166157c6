/**
 * In which order hosts are looked up: those that have waited longest first. Where the deadline is too short for all of
 * them, each look goes on where the one before it had to stop, and none is left out for ever. One that was cut short has
 * not had its turn; one that began with the look has, whatever came of it: a silent host must not block a place for ever.
 */

export class HostTurns {
  /** The number of the turn that each host had last. */
  readonly #had = new Map<string, number>();
  #lastTurn = 0;

  /** Looks up all of them, at most `bound` at a time, until the signal aborts: `lookUp` is to end early then, and never to reject. */
  async each(
    hosts: ReadonlySet<string>,
    bound: number,
    signal: AbortSignal,
    lookUp: (host: string) => Promise<void>,
  ): Promise<void> {
    const turnOf = (host: string): number => this.#had.get(host) ?? 0; // new ones come first, in their own order
    // The workers share it: each takes the next host that nobody has.
    const queue = [...hosts].sort((left, right) => turnOf(left) - turnOf(right)).entries();
    const work = async (): Promise<void> => {
      for (const [index, host] of queue) {
        await lookUp(host);
        if (index < bound || !signal.aborted) this.#had.set(host, ++this.#lastTurn);
      }
    };
    await Promise.all(Array.from({ length: bound }, work));
  }

  /** Forgets the hosts that are not in use any more. */
  retain(hosts: ReadonlySet<string>): void {
    for (const host of this.#had.keys()) if (!hosts.has(host)) this.#had.delete(host);
  }
}
