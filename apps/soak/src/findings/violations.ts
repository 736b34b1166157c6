/** The invariants, and what broke them: how often, and what happened first. */

export type Invariant =
  | 'deadline'
  | 'failure'
  | 'ready'
  | 'ratio'
  | 'heal'
  | 'stall'
  | 'watch'
  | 'record'
  | 'storm'
  | 'leftovers';

/** Each invariant in words. */
export const INVARIANTS: Readonly<Record<Invariant, string>> = {
  deadline: 'no RPC outlives its deadline',
  failure: 'an RPC fails only with its connection, its server, or while all servers are down',
  ready: 'only READY endpoints are picked',
  ratio: 'after each heal the exact ratio is back within one rotation',
  heal: 'each healed endpoint serves again',
  stall: 'a client that stood still loses no RPC but by its deadline, nor a new client its first RPCs',
  watch: 'a health Watch that ends costs no RPC and no endpoint',
  record: 'a bad record costs that record only',
  storm: 'no peer is dialled or watched more than 20 times a second, and the others stay untouched',
  leftovers: 'at the end nothing is left over',
};

export interface Violation {
  readonly invariant: Invariant;
  /** Which policy. */
  readonly subject: string;
  count: number;
  readonly first: string;
}

export class Violations {
  readonly #found: Map<string, Violation> = new Map();

  add(invariant: Invariant, subject: string, what: string): void {
    const key = `${subject} ${invariant}`;
    const known = this.#found.get(key);
    if (known) known.count++;
    else this.#found.set(key, { invariant, subject, count: 1, first: what });
  }

  get list(): readonly Violation[] {
    return [...this.#found.values()];
  }
}
