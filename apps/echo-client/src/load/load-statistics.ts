/** Counts, shares, errors and latencies of a load: of all of it, and of its last ten seconds. */
import { status } from '@grpc/grpc-js';
import type { EchoOutcome } from '../channel/unary-echo.js';
import { Latencies } from './latencies.js';

export interface Statistics {
  /** The time that the numbers are about. */
  readonly seconds: number;
  /** All RPCs that ended. */
  readonly rpcs: number;
  /** Those that ended with OK. */
  readonly answered: number;
  /** How many ended with each other status: `UNAVAILABLE` → 3. */
  readonly errors: ReadonlyMap<string, number>;
  /** How many of those no endpoint took: they never left the client. */
  readonly unplaced: number;
  /** How many each endpoint answered. */
  readonly answers: ReadonlyMap<string, number>;
  /** Of those that were answered, in milliseconds. */
  readonly latencies: Latencies;
}

const WINDOW_SECONDS = 10;

interface RecentSecond {
  second: number;
  readonly tally: Tally;
}

export class LoadStatistics {
  readonly #total = new Tally();
  /** One for each second modulo the window. */
  readonly #recent = Array.from(
    { length: WINDOW_SECONDS },
    (): RecentSecond => ({ second: -1, tally: new Tally() }),
  );
  /** What {@link recent} adds up in; a new histogram for each frame would be a burden. */
  readonly #window = new Tally();
  readonly #beganAt: number;

  /** Times are those of `performance.now()`. */
  constructor(beganAt: number) {
    this.#beganAt = beganAt;
  }

  /** `endpoint` is who took the RPC; undefined if nobody did. */
  record(outcome: EchoOutcome, endpoint: string | undefined, now: number): void {
    const second = Math.floor((now - this.#beganAt) / 1000);
    // The index is a remainder of the array's length.
    const slot = this.#recent[second % WINDOW_SECONDS] as RecentSecond;
    if (slot.second !== second) {
      slot.second = second;
      slot.tally.reset();
    }
    slot.tally.record(outcome, endpoint);
    this.#total.record(outcome, endpoint);
  }

  total(now: number): Statistics {
    return this.#total.over((now - this.#beganAt) / 1000);
  }

  /** The last ten seconds, the current one included as far as it has come; valid until the next call. */
  recent(now: number): Statistics {
    const seconds = (now - this.#beganAt) / 1000;
    const current = Math.floor(seconds);
    this.#window.reset();
    for (const { second, tally } of this.#recent) {
      if (second >= 0 && second > current - WINDOW_SECONDS) this.#window.add(tally.over(1));
    }
    return this.#window.over(Math.min(seconds, WINDOW_SECONDS - 1 + (seconds - current)));
  }
}

/** The sum of loads that ran one after the other. */
export function sum(parts: readonly Statistics[]): Statistics {
  const tally = new Tally();
  for (const part of parts) tally.add(part);
  return tally.over(parts.reduce((seconds, part) => seconds + part.seconds, 0));
}

class Tally {
  #answered = 0;
  #unplaced = 0;
  #errors = new Map<string, number>();
  #answers = new Map<string, number>();
  readonly #latencies = new Latencies();

  reset(): void {
    this.#answered = 0;
    this.#unplaced = 0;
    this.#errors = new Map();
    this.#answers = new Map();
    this.#latencies.reset();
  }

  record({ code, peer, latencyMs }: EchoOutcome, endpoint: string | undefined): void {
    if (code !== status.OK) {
      increase(this.#errors, status[code] ?? String(code), 1);
      if (endpoint === undefined) this.#unplaced += 1;
      return;
    }
    this.#answered += 1;
    this.#latencies.record(latencyMs);
    increase(this.#answers, endpoint ?? peer ?? 'unknown', 1);
  }

  add(other: Statistics): void {
    this.#answered += other.answered;
    this.#unplaced += other.unplaced;
    for (const [name, count] of other.errors) increase(this.#errors, name, count);
    for (const [name, count] of other.answers) increase(this.#answers, name, count);
    if (other.answered > 0) this.#latencies.add(other.latencies);
  }

  /** What was counted, as the statistics of so many seconds. */
  over(seconds: number): Statistics {
    const failed = [...this.#errors.values()].reduce((total, count) => total + count, 0);
    return {
      seconds,
      rpcs: this.#answered + failed,
      answered: this.#answered,
      errors: this.#errors,
      unplaced: this.#unplaced,
      answers: this.#answers,
      latencies: this.#latencies,
    };
  }
}

function increase(counts: Map<string, number>, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}
