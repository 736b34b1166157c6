/** Medians, percentiles and spreads of measured values. */

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

/**
 * The value below which `fraction` (0 to 1) of the values lie, interpolated between neighbours.
 * NaN of no values.
 */
export function percentile(values: readonly number[], fraction: number): number {
  const ordered = sorted(values);
  const position = (ordered.length - 1) * fraction;
  const below = ordered[Math.floor(position)];
  const above = ordered[Math.ceil(position)];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** What repeated measurements say: the middle, and the half of them that lies around it. */
export interface Spread {
  readonly median: number;
  /** First quartile. */
  readonly low: number;
  /** Third quartile. */
  readonly high: number;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), low: percentile(values, 0.25), high: percentile(values, 0.75) };
}

/** Ratios of values that were measured side by side; noise that lasts longer than a pair cancels out. */
export function pairedRatios(ours: readonly number[], theirs: readonly number[]): number[] {
  if (ours.length !== theirs.length) {
    throw new Error(`pairs need as many values on both sides, got ${ours.length} and ${theirs.length}`);
  }
  return ours.map((value, index) => value / (theirs[index] ?? Number.NaN));
}
