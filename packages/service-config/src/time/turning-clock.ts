/**
 * A clock for deadlines: time counts while the event loop turns. After a stall (modules that load, a long computation,
 * a debugger, a frozen container) Node runs timers before it reads sockets, and a timer that fires late is no proof of
 * silence: what it waited for may have arrived long ago.
 */
import { clearImmediate, clearTimeout, setImmediate, setTimeout } from 'node:timers';

/**
 * A wait consists of so many timers, one after the other, and each counts for no more than its length. So one stall,
 * however long, takes at most a sixteenth of a wait away; and the most stalled of all waits ends after 17 turns.
 */
const SLICES = 16;

/** Node fires a timer with a longer delay at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class TurningClock {
  #counted = 0;
  /** What counts from here on is not in `#counted` yet. */
  #since = performance.now();
  /** The most that it may count for: the length of the timer, or all of it while nobody waits. */
  #most = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  /** Milliseconds since the clock was made. Stalls are left out while there is a wait, and only then. */
  now(): number {
    return this.#counted + Math.min(performance.now() - this.#since, this.#most);
  }

  get isWaiting(): boolean {
    return this.#cancel !== undefined;
  }

  /**
   * Calls back, once, when so many milliseconds have passed and what has arrived until then has been read. The clock has
   * one wait at a time: this one takes the place of an earlier one. It does not keep the process alive.
   */
  wait(ms: number, passed: () => void): void {
    this.stop();
    const until = this.#counted + ms;
    const slice = Math.min(Math.ceil(ms / SLICES), LONGEST_TIMER_MS);
    const end = (): void => {
      this.stop();
      passed();
    };
    const judge = (lateBy: number): void => {
      if (lateBy <= 0) end();
      else this.#read(end);
    };
    const goOn = (lateBy: number): void => {
      const left = until - this.now();
      // Whole: after one timer of a fractional delay, V8 boxes the delay of every timer in the process.
      if (left > 0) this.#sleep(Math.min(Math.ceil(left), slice), goOn);
      // After a stall, what is read first may be one of several messages of a handshake.
      else if (lateBy >= slice) this.#sleep(slice, judge);
      else judge(lateBy);
    };
    goOn(0);
  }

  /** Ends the wait. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#settle(Number.POSITIVE_INFINITY);
  }

  #sleep(ms: number, wake: (lateBy: number) => void): void {
    this.#settle(ms);
    const timer = setTimeout(() => wake(performance.now() - this.#since - ms), ms).unref();
    this.#cancel = () => clearTimeout(timer);
  }

  /** From within a timer: sockets are read between timers and immediates. */
  #read(then: () => void): void {
    // Not `unref`: it would come after whatever wakes the event loop next.
    const immediate = setImmediate(then);
    this.#cancel = () => clearImmediate(immediate);
  }

  #settle(most: number): void {
    const now = performance.now();
    this.#counted += Math.min(now - this.#since, this.#most);
    this.#since = now;
    this.#most = most;
  }
}
