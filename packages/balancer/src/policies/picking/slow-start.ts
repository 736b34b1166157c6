/**
 * Slow start by Envoy's formula: an endpoint that joins a running fleet begins with a part of its weight, which grows over a
 * window, while the server fills its caches and compiles its code.
 */

export interface SlowStart {
  /** The length of the window in milliseconds, at least 1. */
  readonly window: number;
  /** How the weight grows, above 0: 1 is a straight line, more is faster at first, less is slower at first. */
  readonly aggression: number;
  /** What an endpoint has from the beginning, in per cent of its weight: 0 to 100. */
  readonly minWeightPercent: number;
}

/** The factor, above 0 and at most 1, for the weight of an endpoint that joined so many milliseconds ago. */
export function slowStartFactor(age: number, { window, aggression, minWeightPercent }: SlowStart): number {
  const passed = Math.min(1, Math.max(1, age) / window);
  return Math.max(minWeightPercent / 100, passed ** (1 / aggression));
}
