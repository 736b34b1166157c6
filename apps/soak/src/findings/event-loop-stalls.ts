/** How long the event loop has stood still lately, by itself or on purpose: no timer of this process can be punctual meanwhile. */

const TICK_MS = 50;
/** Longer than the longest RPC. */
const REMEMBERED_MS = 30_000;

const nothing = new Int32Array(new SharedArrayBuffer(4));

export class EventLoopStalls {
  #last = performance.now();
  #stalls: { readonly at: number; readonly ms: number }[] = [];
  /** Without those on purpose. */
  longestMs = 0;
  readonly #timer = setInterval(() => this.#tick(), TICK_MS).unref();

  /** All stalls since then together; of the last half minute at most. */
  sinceMs(time: number): number {
    return this.#stalls.reduce((sum, { at, ms }) => (at >= time ? sum + ms : sum), 0);
  }

  /** Stops the event loop, as a long computation would, but leaves the machine to the servers. */
  standStill(ms: number): void {
    const from = performance.now();
    Atomics.wait(nothing, 0, 0, ms);
    const at = performance.now();
    this.#stalls.push({ at, ms: at - from });
    this.#last += at - from;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    const late = now - this.#last - TICK_MS;
    this.#last = now;
    this.longestMs = Math.max(this.longestMs, late);
    this.#stalls = this.#stalls.filter(({ at }) => at > now - REMEMBERED_MS);
    if (late > TICK_MS) this.#stalls.push({ at: now, ms: late });
  }
}
