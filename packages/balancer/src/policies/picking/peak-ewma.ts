/**
 * How long an endpoint takes to answer, as Finagle's `PeakEwma` estimates it: an average that goes up at once and comes down
 * slowly. A server that becomes slow is avoided from its first late answer on, and tried again some time later.
 */

/** All in milliseconds. */
export interface PeakEwmaOptions {
  /** The time in which an estimate comes down to 37 % (1/e); greater than 0. */
  readonly decayTime: number;
  /** The estimate before the first answer, with RPCs in flight. Without, an endpoint costs nothing then: it is tried at once. */
  readonly defaultRtt: number;
  /** A failure counts as an answer that took at least this long: failing fast is not being fast. */
  readonly errorPenalty: number;
}

/** Times are of one clock that never goes back, in milliseconds. */
export class PeakEwma {
  /** Those of the newest config. */
  options: PeakEwmaOptions;
  private average = 0;
  private updatedAt = 0;
  private known = false;

  constructor(options: PeakEwmaOptions) {
    this.options = options;
  }

  /** An RPC has ended that took so long. */
  observe(duration: number, failed: boolean, now: number): void {
    // An average of 0 would make an endpoint free, with any number of RPCs in flight.
    const rtt = Math.max(duration, failed ? this.options.errorPenalty : 0, 0.001);
    const kept = this.kept(now);
    this.average = !this.known || rtt > this.average ? rtt : this.average * kept + rtt * (1 - kept);
    this.known = true;
    this.updatedAt = now;
  }

  /** What an RPC would cost here, with so many in flight already: of several endpoints, the one with the lowest cost is the best. */
  cost(inFlight: number, weight: number, now: number): number {
    const { defaultRtt } = this.options;
    const decayed = this.average * this.kept(now);
    // Who is idle comes down to nothing and is tried again. Who owes answers stays at what an unknown one costs, at least, or
    // a server that hangs would become the cheapest of all.
    const least = this.known ? Math.min(this.average, defaultRtt) : defaultRtt;
    const estimate = inFlight > 0 ? Math.max(decayed, least) : decayed;
    return (estimate * (inFlight + 1)) / weight;
  }

  /** The part of the average that has not decayed. */
  private kept(now: number): number {
    return Math.exp((this.updatedAt - now) / this.options.decayTime);
  }
}
