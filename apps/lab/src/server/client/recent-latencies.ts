/** How long the RPCs of the last second took, by server. At a few hundred a second, to sort them costs less than a histogram. */

const WINDOW_MS = 1_000;

interface Sample {
  readonly at: number;
  readonly ms: number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

export class RecentLatencies {
  /** By server, the oldest first. */
  readonly #samples = new Map<number, Sample[]>();

  record(server: number, at: number, ms: number): void {
    const samples = this.#samples.get(server);
    if (samples === undefined) this.#samples.set(server, [{ at, ms }]);
    else samples.push({ at, ms });
  }

  /** In milliseconds, of the servers that had any; what is older than a second is forgotten. */
  quantiles(now: number): ReadonlyMap<number, Quantiles> {
    const result = new Map<number, Quantiles>();
    for (const [server, samples] of this.#samples) {
      const first = samples.findIndex(({ at }) => at > now - WINDOW_MS);
      if (first < 0) {
        this.#samples.delete(server);
        continue;
      }
      samples.splice(0, first);
      const sorted = Float64Array.from(samples, ({ ms }) => ms).sort();
      result.set(server, { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) });
    }
    return result;
  }
}

/** The nearest rank, in hundredths of a millisecond. */
function quantile(sorted: Float64Array, share: number): number {
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return Math.round(value * 100) / 100;
}
