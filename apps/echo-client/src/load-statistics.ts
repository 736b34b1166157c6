/** Counts, shares, errors and latencies of a load: of all of it, and of its last ten seconds. */
import { status } from '@grpc/grpc-js';
import { Latencies } from './latencies.js';
import type { EchoOutcome } from './unary-echo.js';

export interface Statistics {
  /** The time that the numbers are about. */
  readonly seconds: number;
  /** All RPCs that ended. */
  readonly rpcs: number;
  /** Those that ended with OK. */
  readonly answered: number;
  /** How many ended with each other status: `UNAVAILABLE` → 3. */
  readonly errors: ReadonlyMap<string, number>;
  /** How many each endpoint answered. */
  readonly answers: ReadonlyMap<string, number>;
  /** Of those that were answered, in milliseconds. */
  readonly latencies: Latencies;
}

const WINDOW_SECONDS = 10;

export class LoadStatistics {
  readonly #total = new Slice();
  /** One for each second modulo the window. */
  readonly #recent = Array.from({ length: WINDOW_SECONDS }, () => new Slice());
  /** What {@link recent} adds up in; a new histogram for each frame would be a burden. */
  readonly #window = new Slice();
  readonly #beganAt: number;

  /** Times are those of `performance.now()`. */
  constructor(beganAt: number) {
    this.#beganAt = beganAt;
  }

  /** `endpoint` is who answered; undefined if nobody is known. */
  record(outcome: EchoOutcome, endpoint: string | undefined, now: number): void {
    const second = Math.floor((now - this.#beganAt) / 1000);
    // The index is a remainder of the array's length.
    const slice = this.#recent[second % WINDOW_SECONDS] as Slice;
    if (slice.second !== second) slice.restart(second);
    slice.record(outcome, endpoint);
    this.#total.record(outcome, endpoint);
  }

  total(now: number): Statistics {
    return this.#total.statistics((now - this.#beganAt) / 1000);
  }

  /** The last ten seconds, the current one included as far as it has come; valid until the next call. */
  recent(now: number): Statistics {
    const seconds = (now - this.#beganAt) / 1000;
    const current = Math.floor(seconds);
    this.#window.restart(current);
    for (const slice of this.#recent) {
      if (slice.second >= 0 && slice.second > current - WINDOW_SECONDS) this.#window.add(slice);
    }
    return this.#window.statistics(Math.min(seconds, WINDOW_SECONDS - 1 + (seconds - current)));
  }
}

class Slice {
  second = -1;
  #answered = 0;
  #errors = new Map<string, number>();
  #answers = new Map<string, number>();
  readonly #latencies = new Latencies();

  restart(second: number): void {
    this.second = second;
    this.#answered = 0;
    this.#errors = new Map();
    this.#answers = new Map();
    this.#latencies.reset();
  }

  record({ code, peer, latencyMs }: EchoOutcome, endpoint: string | undefined): void {
    if (code !== status.OK) {
      increase(this.#errors, status[code] ?? String(code), 1);
      return;
    }
    this.#answered += 1;
    this.#latencies.record(latencyMs);
    increase(this.#answers, endpoint ?? peer ?? 'unknown', 1);
  }

  add(other: Slice): void {
    this.#answered += other.#answered;
    for (const [name, count] of other.#errors) increase(this.#errors, name, count);
    for (const [name, count] of other.#answers) increase(this.#answers, name, count);
    if (other.#answered > 0) this.#latencies.add(other.#latencies);
  }

  statistics(seconds: number): Statistics {
    const failed = [...this.#errors.values()].reduce((sum, count) => sum + count, 0);
    return {
      seconds,
      rpcs: this.#answered + failed,
      answered: this.#answered,
      errors: this.#errors,
      answers: this.#answers,
      latencies: this.#latencies,
    };
  }
}

function increase(counts: Map<string, number>, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}
