/** The live view of `watch`, as the text of one frame that fits the terminal. */
import colors from 'yoctocolors';
import { milliseconds, quantity } from '../text/quantities.js';
import { fit, flow } from '../text/text-layout.js';
import {
  type EndpointLine,
  endpointBlock,
  endpointRow,
  paintedState,
  unplacedBlock,
} from './endpoint-block.js';
import type { Snapshot, TimelineEntry } from './load-session.js';
import type { Statistics } from './load-statistics.js';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Wider bars say no more. */
const WIDEST = 100;
/** As long as the timeline is from the start, so that the view does not grow with each of its first entries. */
const USUAL_TIMELINE = 8;
const SHORTEST_TIMELINE = 2;

/** No line is wider, and there are fewer lines than rows: the last one stays free for the cursor. */
export function liveView(snapshot: Snapshot, { columns, rows }: TerminalSize): string {
  const width = Math.min(columns, WIDEST);
  const space = Math.max(1, rows - 1);
  const heads = [headline(snapshot, width), figures(snapshot, width)];
  const roomy = [...heads.flatMap((lines) => [...lines, '']), '', trouble(snapshot, width), TIMELINE_TITLE];
  const tight = heads.flat();
  // A low terminal shows the endpoints rather than empty lines and what happened.
  const isRoomy = roomy.length + snapshot.endpoints.length + SHORTEST_TIMELINE <= space;
  const head = isRoomy ? roomy.slice(0, -3) : tight;
  const foot = isRoomy ? roomy.slice(-3) : [];
  const room = space - head.length - foot.length;
  const endpoints = endpointLines(snapshot, width, Math.max(1, isRoomy ? room - SHORTEST_TIMELINE : room));
  const wanted = Math.max(USUAL_TIMELINE, snapshot.timeline.length);
  const timeline = timelineLines(snapshot, width, Math.min(wanted, room - endpoints.length));
  return [...head, ...endpoints, ...foot, ...timeline].slice(0, space).join('\n');
}

const TIMELINE_TITLE = colors.bold('What happened');

function headline({ channel, load, seconds }: Snapshot, width: number): readonly string[] {
  const { policy, repeatCount, target } = channel;
  const name = policy === 'custom_round_robin' ? `${policy}, ${repeatCount} in a row` : policy;
  const facts = [
    colors.bold(name),
    `${seconds.toFixed(0)} s`,
    colors.gray(`${load.rate ?? 'unlimited'} RPC/s wanted`),
    colors.gray(`${load.concurrency} at once`),
  ];
  // A static target says what the endpoints below say.
  return [...flow(facts, width), ...(target.startsWith('static:') ? [] : [fit(colors.gray(target), width)])];
}

function figures({ recent, total }: Snapshot, width: number): readonly string[] {
  return flow(
    [
      colors.bold(`${(recent.seconds === 0 ? 0 : recent.rpcs / recent.seconds).toFixed(1)} RPC/s`),
      `p50 ${milliseconds(recent.latencies.percentile(50))}`,
      `p99 ${milliseconds(recent.latencies.percentile(99))}`,
      `${quantity(total.rpcs)} RPCs`,
      errorCounts(total),
    ],
    width,
  );
}

/** `no errors`, or `UNAVAILABLE 3, DEADLINE_EXCEEDED 1`. */
function errorCounts({ errors }: Statistics): string {
  if (errors.size === 0) return 'no errors';
  return colors.red([...errors].map(([name, count]) => `${name} ${quantity(count)}`).join(', '));
}

function endpointLines(snapshot: Snapshot, width: number, room: number): readonly string[] {
  const { endpoints, recent, picks } = snapshot;
  const unplaced = recent.unplaced === 0 ? [] : unplacedBlock(recent, picks, width);
  if (endpoints.length === 0) return [colors.gray('no endpoints yet'), ...unplaced];
  const all: EndpointLine[] = endpoints.map((endpoint, index) => ({ endpoint, index, recent, picks }));
  const blocks = [...all.flatMap((line) => endpointBlock(line, width)), ...unplaced];
  if (blocks.length <= room) return blocks;
  const rows = all.map((line) => endpointRow(line, width));
  const withUnplaced = [...rows, ...unplaced.slice(0, 1)];
  if (withUnplaced.length <= room) return withUnplaced;
  const shown = Math.max(0, room - 1);
  return [...rows.slice(0, shown), colors.gray(`and ${rows.length - shown} more`)];
}

/** The one thing that a reader should know if something is wrong; empty if nothing is. */
function trouble({ channel, endpoints, total, seconds, lastError }: Snapshot, width: number): string {
  const missing = endpoints.filter(({ state }) => state !== 'READY').length;
  if (total.answered === 0 && missing > 0 && channel.policy === 'custom_round_robin') {
    const waiting = `waiting for ${missing} of ${endpoints.length} endpoints; RPCs queue until then`;
    return fit(colors.yellow(waiting), width);
  }
  if (lastError === undefined) return '';
  const age = `  ${Math.max(0, seconds - lastError.seconds).toFixed(0)} s ago`;
  return fit(colors.gray(`last error  ${lastError.text}`), width - age.length) + colors.gray(age);
}

/** The newest entries, the newest last; exactly `length` lines. */
function timelineLines(snapshot: Snapshot, width: number, length: number): readonly string[] {
  if (length <= 0) return [];
  const lines = snapshot.timeline.slice(-length).map((entry) => fit(timelineLine(entry, snapshot), width));
  return [...lines, ...Array<string>(length - lines.length).fill('')];
}

function timelineLine({ seconds, event }: TimelineEntry, { endpoints }: Snapshot): string {
  const time = colors.gray(`${Math.max(0, seconds).toFixed(1).padStart(6)} s`);
  if (event.kind === 'log') return `${time}  ${event.text}`;
  const index = endpoints.findIndex(({ name }) => name === event.endpoint);
  const who = index < 0 ? event.endpoint : `${index + 1}`;
  const what = event.kind === 'health' ? 'health ' : '';
  const change = `${what}${paintedState(event.from)} → ${paintedState(event.to)}`;
  return [`${time}  ${who} ${change}`, colors.gray(event.reason)].join('  ').trimEnd();
}
