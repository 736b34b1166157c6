/**
 * Which fault strikes which server, for how long: a list that only the seed
 * decides. A faster machine gets further down the same list.
 */
import { SeededRandom } from './seeded-random.js';

/** How many servers there are; all but the last are listed by the resolver at the start. */
export const SERVERS = 5;

export type FaultKind =
  | 'kill'
  | 'restart'
  | 'freeze'
  | 'clog'
  | 'health'
  | 'remove'
  | 'add'
  | 'resolver'
  | 'outage';

/** Each kind of fault, and what it does, for the table. */
export const FAULTS: Readonly<Record<FaultKind, string>> = {
  kill: 'SIGKILL, started again',
  restart: 'GOAWAY, calls end, started again',
  freeze: 'SIGSTOP, then SIGCONT',
  clog: 'SIGKILL, listen queue full, started again',
  health: 'NOT_SERVING, then SERVING',
  remove: 'the resolver drops an endpoint, then lists it again',
  add: 'the resolver adds an endpoint, then drops it',
  resolver: 'the resolver reports errors, then the list in another order',
  outage: 'SIGKILL of all servers, started again',
};

export const FAULT_KINDS: readonly FaultKind[] = Object.keys(FAULTS) as FaultKind[];

/** One fault on one server. */
export interface Fault {
  readonly kind: FaultKind;
  /** The server's number. Of no meaning for `add` (the spare one), `resolver` and `outage` (all). */
  readonly server: number;
  readonly holdMs: number;
}

/** Faults that are healed before the next incident begins. */
export interface Incident {
  /** One, or two at the same time on different servers. */
  readonly faults: readonly Fault[];
  /** The second fault begins so long after the first. */
  readonly gapMs: number;
}

/** How long each kind lasts, from and to, in ms. RPCs have deadlines of 3 s, so half of the freezes outlive some. */
const HOLD_MS: Readonly<Record<FaultKind, readonly [number, number]>> = {
  kill: [50, 1500],
  restart: [0, 500],
  freeze: [500, 5000],
  clog: [500, 2500],
  health: [300, 1500],
  remove: [100, 1500],
  add: [100, 1500],
  resolver: [100, 1000],
  outage: [50, 800],
};

/** Kinds that strike one server, of which two may happen at a time. */
const PAIRED: ReadonlySet<FaultKind> = new Set(['kill', 'freeze', 'health', 'remove', 'restart', 'clog']);

/** So many incidents at most; at half a second each it is a night's run. */
const MAX_INCIDENTS = 100_000;

/** The incidents of a seed. Every kind comes once in each round of kinds, in a random order. */
export function* planIncidents(seed: number, kinds: readonly FaultKind[]): Generator<Incident> {
  const random = new SeededRandom(seed);
  for (let planned = 0; planned < MAX_INCIDENTS; ) {
    for (const kind of random.shuffled(kinds)) {
      const servers = random.shuffled(Array.from({ length: SERVERS - 1 }, (_, n) => n));
      const first = planFault(random, kind, servers[0] ?? 0);
      const partners = kinds.filter((other) => PAIRED.has(other));
      const paired = random.onceIn(3) && PAIRED.has(kind);
      const faults = paired ? [first, planFault(random, random.oneOf(partners), servers[1] ?? 1)] : [first];
      planned++;
      yield { faults, gapMs: random.integer(0, 500) };
    }
  }
}

function planFault(random: SeededRandom, kind: FaultKind, server: number): Fault {
  const [min, max] = HOLD_MS[kind];
  return { kind, server, holdMs: random.integer(min, max) };
}
