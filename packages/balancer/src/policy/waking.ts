/** How long a policy has had endpoints, and when it wants to be asked again. Time counts while the event loop turns. */
import { clearImmediate, setImmediate } from 'node:timers';
import { show, TurningClock } from '@petiole/service-config/internal';

export class Waking {
  private readonly clock = new TurningClock();
  private readonly ask: () => void;
  private startedAt: number | undefined = undefined;
  private wakeAt = Number.POSITIVE_INFINITY;
  private nextTurn: NodeJS.Immediate | undefined = undefined;
  private phase: 'quiet' | 'asking' | 'stopped' = 'quiet';

  constructor(ask: () => void) {
    this.ask = ask;
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
    if (this.phase === 'stopped' || at >= this.wakeAt) return;
    this.wakeAt = at;
    this.clock.wait(delay, () => {
      this.wakeAt = Number.POSITIVE_INFINITY;
      this.wake();
    });
  }

  /** In the next turn; later where the policy wants it again as soon as it is woken, which would be a busy loop. */
  soon(): void {
    if (this.phase === 'asking') this.after(0);
    else if (this.phase === 'quiet')
      this.nextTurn ??= setImmediate(() => {
        this.nextTurn = undefined;
        this.wake();
      });
  }

  stop(): void {
    this.phase = 'stopped';
    this.clock.stop();
    clearImmediate(this.nextTurn);
  }

  private wake(): void {
    this.phase = 'asking';
    this.ask();
    // It may have been stopped meanwhile.
    if (this.phase === 'asking') this.phase = 'quiet';
  }
}
