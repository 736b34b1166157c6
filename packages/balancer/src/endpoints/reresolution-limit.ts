/**
 * Passes requests for re-resolution on, at most one a second. A resolver should limit them itself; one that answers each
 * in the next tick would otherwise drive a policy in circles as soon as one server is dead.
 */
import { clearTimeout, setTimeout } from 'node:timers';

/** The least time between two requests. */
const REQUEST_INTERVAL_MS = 1000;

export class ReresolutionLimit {
  /** A request is followed by a second of rest, in which another one may become wanted. */
  private phase: 'free' | 'resting' | 'wanted' | 'stopped' = 'free';
  private timer: NodeJS.Timeout | undefined = undefined;
  private readonly forward: () => void;

  constructor(forward: () => void) {
    this.forward = forward;
  }

  request(): void {
    if (this.phase === 'resting') this.phase = 'wanted';
    if (this.phase !== 'free') return;
    this.phase = 'resting';
    this.timer = setTimeout(() => this.rested(), REQUEST_INTERVAL_MS).unref();
    this.forward();
  }

  /** Nothing is passed on any more. */
  stop(): void {
    this.phase = 'stopped';
    clearTimeout(this.timer);
  }

  private rested(): void {
    const { phase } = this;
    this.phase = 'free';
    if (phase === 'wanted') this.request();
  }
}
