/**
 * In which order hosts are looked up: those that have waited longest first. Where the deadline is too short for all of
 * them, each look goes on where the one before it had to stop, and none is left out for ever. One that was cut short has
 * not had its turn; one that began with the look has, whatever came of it: a silent host must not block a place for ever.
 */
export class HostTurns {
  /** The one whose turn was longest ago stands first. */
  readonly #had = new Set<string>();

  /** New ones come first, in their own order. */
  order(hosts: ReadonlySet<string>): string[] {
    const news = [...hosts].filter((host) => !this.#had.has(host));
    return [...news, ...[...this.#had].filter((host) => hosts.has(host))];
  }

  /** The host has had its turn. */
  take(host: string): void {
    this.#had.delete(host);
    this.#had.add(host);
  }

  /** Forgets the hosts that are not in use any more. */
  retain(hosts: ReadonlySet<string>): void {
    for (const host of this.#had) if (!hosts.has(host)) this.#had.delete(host);
  }
}
