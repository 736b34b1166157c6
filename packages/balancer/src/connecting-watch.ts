/**
 * Finds connection attempts that never end. A peer that accepts TCP and never
 * speaks HTTP/2 leaves a subchannel CONNECTING for ever: grpc-js has no
 * connection timeout (grpc-node #2785). One timer serves all endpoints.
 */

/** How long an attempt may last; the connection timeout of gRPC's connection-backoff spec. */
export const CONNECT_TIMEOUT_MS = 20_000;

export class ConnectingWatch<Child> {
  // Insertion order is the order of the deadlines, since all wait equally long.
  private readonly since = new Map<Child, number>();
  private timer: NodeJS.Timeout | undefined;

  private readonly onStuck: (child: Child) => void;

  constructor(onStuck: (child: Child) => void) {
    this.onStuck = onStuck;
  }

  start(child: Child): void {
    this.since.delete(child);
    this.since.set(child, performance.now());
    if (this.timer === undefined) this.arm(CONNECT_TIMEOUT_MS);
  }

  stop(child: Child): void {
    this.since.delete(child);
  }

  clear(): void {
    this.since.clear();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(ms: number): void {
    // Whole: after one timer of a fractional delay, V8 boxes the delay of every timer in the process.
    this.timer = setTimeout(() => this.check(), Math.ceil(ms)).unref();
  }

  private check(): void {
    this.timer = undefined;
    const now = performance.now();
    const due: [Child, number][] = [];
    for (const entry of this.since) {
      const left = entry[1] + CONNECT_TIMEOUT_MS - now;
      // Timers may fire up to 1 ms early.
      if (left > 1) {
        this.arm(left);
        break;
      }
      due.push(entry);
    }
    // Only then: whoever hears of one may start and stop others.
    for (const [child, since] of due) {
      if (this.since.get(child) !== since) continue;
      this.since.delete(child);
      this.onStuck(child);
    }
  }
}
