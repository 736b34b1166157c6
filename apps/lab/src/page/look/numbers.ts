/** Numbers as the page writes them: few digits, and as wide as the one before. */

/** `0.84 ms`, `8.4 ms`, `84 ms`, `1.2 s`; a dash where there is none. */
export function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return '–';
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${ms < 1 ? ms.toFixed(2) : ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/** `8.4` or `84`. */
export function rate(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : perSecond.toFixed(0);
}

/** `33 %`. */
export function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

/** A time on the lab's clock: `12.3 s`, `4:05`. */
export function clock(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}

/** How long something has been so: `12 s`, `4 min`, `2 h`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3_600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3_600)} h`;
}
