/** How long the event loop has stood still lately: no timer of this process can be punctual meanwhile. */

const TICK_MS = 50;
/** Longer than the longest RPC. */
const REMEMBERED_MS = 10_000;

export class EventLoopStalls {
  #last = performance.now();
  #stalls: { readonly at: number; readonly ms: number }[] = [];
  longestMs = 0;
  readonly #timer = setInterval(() => this.#tick(), TICK_MS).unref();

  /** All stalls since then together; of the last ten seconds at most. */
  sinceMs(time: number): number {
    return this.#stalls.reduce((sum, { at, ms }) => (at >= time ? sum + ms : sum), 0);
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
