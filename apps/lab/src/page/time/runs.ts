/** Equal neighbours of the strip, joined. */
import type { Pick } from '../lab/history.js';

export interface Run {
  /** 0: no endpoint took them. */
  readonly server: number;
  /** Of each of its attempts, whether it failed. */
  readonly failed: readonly boolean[];
}

export function runsOf(picks: readonly Pick[]): readonly Run[] {
  const runs: { server: number; failed: boolean[] }[] = [];
  for (const { server, failed } of picks) {
    const run = runs.at(-1);
    if (run?.server === server) run.failed.push(failed);
    else runs.push({ server, failed: [failed] });
  }
  return runs;
}

/** For who cannot see the strip. */
export function inWords(picks: readonly Pick[]): string {
  if (picks.length === 0) return 'No RPC was sent yet.';
  const runs = runsOf(picks).map(({ server, failed }) => {
    if (server === 0) return `${failed.length} to none`;
    const bad = failed.filter(Boolean).length;
    return `${failed.length} to ${server}${bad === 0 ? '' : bad === failed.length ? ' (failed)' : ` (${bad} failed)`}`;
  });
  return `The last ${picks.length} attempts in the order in which they were sent, the newest last: ${runs.join(', ')}.`;
}
