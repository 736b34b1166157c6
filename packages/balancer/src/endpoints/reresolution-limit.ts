/**
 * Passes requests for re-resolution on, at most one a second. A resolver should
 * limit them itself; one that answers each in the next tick would otherwise
 * drive a policy in circles as soon as one server is dead.
 */

/** The least time between two requests. */
export const REQUEST_INTERVAL_MS = 1000;

export class ReresolutionLimit {
  private timer: NodeJS.Timeout | undefined;
  private wanted = false;

  private readonly forward: () => void;

  constructor(forward: () => void) {
    this.forward = forward;
  }

  request(): void {
    if (this.timer !== undefined) {
      this.wanted = true;
      return;
    }
    this.timer = setTimeout(() => this.elapsed(), REQUEST_INTERVAL_MS).unref();
    this.forward();
  }

  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.wanted = false;
  }

  private elapsed(): void {
    this.timer = undefined;
    if (!this.wanted) return;
    this.wanted = false;
    this.request();
  }
}
