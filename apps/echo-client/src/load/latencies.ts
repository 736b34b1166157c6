/** Latencies in an HDR histogram: percentiles within 0.1 %, in constant memory. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** An hour, in the histogram's microseconds. */
const LONGEST_US = 3_600_000_000;

export class Latencies {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: 3 });

  record(ms: number): void {
    this.#histogram.record(Math.min(LONGEST_US, Math.max(1, Math.round(ms * 1000))));
  }

  add(other: Latencies): void {
    this.#histogram.add(other.#histogram);
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** In milliseconds; undefined while nothing was recorded. */
  percentile(percent: number): number | undefined {
    return this.#histogram.count === 0 ? undefined : this.#histogram.percentile(percent) / 1000;
  }
}
