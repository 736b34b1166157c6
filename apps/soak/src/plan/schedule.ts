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
  | 'outage'
  | 'stall'
  | 'newcomer'
  | 'cut'
  | 'one-answer'
  | 'bad-record'
  | 'connect-and-go';

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
  stall: 'the client stands still',
  newcomer: 'new clients; all stand still during the first look-up, and again while connecting',
  cut: 'all health Watches end, with OK, then with UNAVAILABLE',
  'one-answer': 'the servers end each health Watch after its first answer',
  'bad-record': 'the catalogue lists bad records and a new endpoint; new clients',
  'connect-and-go': 'peers that say GOAWAY, or close, as soon as somebody connects',
};

export const FAULT_KINDS: readonly FaultKind[] = Object.keys(FAULTS) as FaultKind[];

/** One fault on one server. */
export interface Fault {
  readonly kind: FaultKind;
  /** The server's number. Only the faults that may come in pairs strike one server; to `stall` it means nothing. */
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

/**
 * How long each kind lasts, from and to, in ms. RPCs have deadlines of 3 s, so half of the freezes outlive some.
 * The stalls of `newcomer` outlast the deadline of a look-up and `readyTimeout`, which are 2 s.
 */
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
  stall: [300, 5000],
  newcomer: [2200, 3500],
  cut: [200, 1000],
  'one-answer': [1000, 3000],
  'bad-record': [100, 1000],
  'connect-and-go': [1500, 3000],
};

/** Kinds that strike one server, or the client itself: two may happen at a time. */
const PAIRED: ReadonlySet<FaultKind> = new Set([
  'kill',
  'freeze',
  'health',
  'remove',
  'restart',
  'clog',
  'stall',
]);

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
