/**
 * Finds connection attempts that never end. A peer that accepts TCP and never speaks HTTP/2 leaves a subchannel
 * CONNECTING for ever: grpc-js has no connection timeout (B16, grpc-node #2785). One timer serves all endpoints.
 */
import { TurningClock } from '@petiole/service-config/internal';

/** How long an attempt may last; the connection timeout of gRPC's connection-backoff spec. */
export const CONNECT_TIMEOUT_MS = 20_000;

/**
 * How long an endpoint may be CONNECTING. A little longer, so that attempts fail by themselves where they can, also the one that Happy
 * Eyeballs makes 250 ms later: clients that share a connection then go on sharing the next one.
 */
export const ENDPOINT_TIMEOUT_MS: number = CONNECT_TIMEOUT_MS + 500;

export class ConnectingWatch<Child> {
  // Insertion order is the order of the deadlines, since all wait equally long.
  private readonly since = new Map<Child, number>();
  private readonly clock = new TurningClock();

  private readonly timeoutMs: number;
  private readonly onStuck: (child: Child) => void;

  constructor(timeoutMs: number, onStuck: (child: Child) => void) {
    this.timeoutMs = timeoutMs;
    this.onStuck = onStuck;
  }

  /** An attempt that is under way already keeps its deadline. */
  start(child: Child): void {
    if (this.since.has(child)) return;
    this.since.set(child, this.clock.now());
    if (!this.clock.isWaiting) this.clock.wait(this.timeoutMs, this.check);
  }

  stop(child: Child): void {
    this.since.delete(child);
  }

  clear(): void {
    this.since.clear();
    this.clock.stop();
  }

  private readonly check = (): void => {
    const now = this.clock.now();
    const due: [Child, number][] = [];
    for (const entry of this.since) {
      const left = entry[1] + this.timeoutMs - now;
      if (left > 0) {
        this.clock.wait(left, this.check);
        break;
      }
      due.push(entry);
    }
    // After that loop, as whoever hears of one may start and stop others.
    for (const [child, since] of due) {
      if (this.since.get(child) !== since) continue;
      this.since.delete(child);
      this.onStuck(child);
    }
  };
}
