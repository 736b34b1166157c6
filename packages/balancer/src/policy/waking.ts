/** How long a policy has had endpoints, and when it wants to be asked again. Time counts while the event loop turns. */
import { show, TurningClock } from '@petiole/service-config/internal';

export class Waking {
  private readonly clock = new TurningClock();
  private readonly wake: () => void;
  private startedAt: number | undefined = undefined;
  private wakeAt = Number.POSITIVE_INFINITY;

  constructor(wake: () => void) {
    this.wake = wake;
  }

  /** The first endpoints have come. */
  start(): void {
    this.startedAt ??= this.clock.now();
  }

  get elapsedMs(): number {
    return this.startedAt === undefined ? 0 : this.clock.now() - this.startedAt;
  }

  /** @throws RangeError on anything but 0 or more milliseconds */
  after(ms: number): void {
    if (typeof ms !== 'number' || !(ms >= 0)) {
      throw new RangeError(`wakeAfter() must be given 0 or more milliseconds, got ${show(ms)}`);
    }
    // A policy that asks for 0 each time must not spin.
    const delay = Math.max(ms, 1);
    const at = this.clock.now() + delay;
    if (at >= this.wakeAt) return;
    this.wakeAt = at;
    this.clock.wait(delay, () => {
      this.wakeAt = Number.POSITIVE_INFINITY;
      this.wake();
    });
  }

  stop(): void {
    this.clock.stop();
    // Earlier than any: nothing arms the timer again.
    this.wakeAt = Number.NEGATIVE_INFINITY;
  }
}
