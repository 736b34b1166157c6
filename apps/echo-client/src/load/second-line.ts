/** The live view where there is no terminal: one plain line for each second. */

import { milliseconds, percent } from '../text/quantities.js';
import type { Snapshot, TimelineEntry } from './load-session.js';

/** `since` are the changes of that second, at the end of its line. */
export function secondLine(snapshot: Snapshot, since: readonly TimelineEntry[]): string {
  const { seconds, recent, total, endpoints } = snapshot;
  const errors = [...total.errors].map(([name, count]) => `${name} ${count}`).join(', ');
  const states = endpoints.map(({ name, state, connected }) => {
    const share = (recent.answers.get(name) ?? 0) / Math.max(1, recent.answered);
    return `${name} ${state}${connected === undefined ? '' : ` via ${connected}`} ${percent(share).trim()}`;
  });
  return [
    `${seconds.toFixed(0)} s`,
    `${(recent.rpcs / Math.max(recent.seconds, 1e-3)).toFixed(1)} RPC/s`,
    `p50 ${milliseconds(recent.latencies.percentile(50))}`,
    `p99 ${milliseconds(recent.latencies.percentile(99))}`,
    errors === '' ? 'no errors' : `errors ${errors}`,
    ...(recent.unplaced === 0 ? [] : [`no endpoint took ${recent.unplaced}`]),
    ...states,
    ...since.map(plainEntry),
  ].join(' | ');
}

function plainEntry({ event }: TimelineEntry): string {
  if (event.kind === 'log') return event.text;
  const { endpoint, kind, from, to, reason } = event;
  return `${endpoint}: ${kind === 'health' ? 'health ' : ''}${from} -> ${to}${reason === '' ? '' : ` (${reason})`}`;
}
