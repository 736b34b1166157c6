/** Shares, times and counts as people read them. */

/** ` 33.3 %`, always 7 characters; 0 where nothing was counted. */
export function percent(share: number): string {
  return `${(Number.isFinite(share) ? share * 100 : 0).toFixed(1).padStart(5)} %`;
}

/** `0.84 ms`, `12.3 ms`, `1.20 s`; `–` before the first. */
export function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return '–';
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
}

/** `9.8`, `1,204`: a rate or a count. */
export function quantity(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 && value % 1 !== 0 ? 1 : 0 });
}
