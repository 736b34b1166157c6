/** One endpoint in the live view: its state and addresses, its share as a bar, its last picks as a strip. */
import stringWidth from 'string-width';
import colors from 'yoctocolors';
import type { KnownEndpoint } from '../channel/endpoint-directory.js';
import { percent, quantity } from '../text/quantities.js';
import { fit, flow } from '../text/text-layout.js';
import type { Statistics } from './load-statistics.js';
import type { PickMark, PickStrip } from './pick-strip.js';

type Paint = (text: string) => string;

const OWN_COLORS: readonly Paint[] = [colors.cyan, colors.magenta, colors.yellow, colors.blue];

const STATES: Readonly<Record<string, { readonly mark: string; readonly paint: Paint }>> = {
  READY: { mark: '●', paint: colors.green },
  CONNECTING: { mark: '◌', paint: colors.yellow },
  TRANSIENT_FAILURE: { mark: '✗', paint: colors.red },
  IDLE: { mark: '○', paint: colors.gray },
};
const OTHER_STATE = { mark: '?', paint: colors.gray };

/** From this width on the addresses stand in a column of their own, whatever the states. */
const ALIGNED_WIDTH = 72;
const LONGEST_STATE = 'TRANSIENT_FAILURE'.length;

/** `● READY`, in the state's colour. */
function stateLabel(state: string, width: number): string {
  const { mark, paint } = STATES[state] ?? OTHER_STATE;
  return paint(`${mark} ${width < ALIGNED_WIDTH ? state : state.padEnd(LONGEST_STATE)}`);
}

/** A state without its mark, as the timeline has it. */
export function paintedState(state: string): string {
  return (STATES[state] ?? OTHER_STATE).paint(state);
}

export interface EndpointLine {
  readonly endpoint: KnownEndpoint;
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly recent: Statistics;
  readonly picks: PickStrip;
}

const INDENT = '  ';

/** Three lines; more if the addresses do not fit in one. */
export function endpointBlock(line: EndpointLine, width: number): readonly string[] {
  const { endpoint, index, recent, picks } = line;
  const paint = ownColor(index);
  const share = shareOf(endpoint, recent);
  const answered = recent.answers.get(endpoint.name) ?? 0;
  const figures = `${percent(share)} ${rpcs(answered)}`;
  const barWidth = width - INDENT.length - figures.length - 1;
  return [
    ...flow(
      [`${paint(`${index + 1}`)} ${stateLabel(endpoint.state, width)}`, ...addresses(endpoint)],
      width,
      INDENT,
    ),
    `${INDENT}${endpoint.state === 'READY' ? bar(share, barWidth, paint) : fadedBar(share, barWidth)} ${figures}`,
    INDENT + strip(picks.row(endpoint.name, width - INDENT.length), paint),
  ];
}

/** One line, for when there are more endpoints than rows. */
export function endpointRow(line: EndpointLine, width: number): string {
  const { endpoint, index, recent, picks } = line;
  const paint = ownColor(index);
  const { mark, paint: paintState } = STATES[endpoint.state] ?? OTHER_STATE;
  const figures = percent(shareOf(endpoint, recent));
  const stripWidth = Math.floor(width / 3);
  const head = fit(
    `${paint(`${index + 1}`.padStart(2))} ${paintState(mark)} ${endpoint.connected ?? endpoint.name}`,
    width - stripWidth - figures.length - 2,
  );
  return [head, figures, strip(picks.row(endpoint.name, stripWidth), paint)].join(' ');
}

/** The RPCs that failed before an endpoint took them, of which no endpoint's block tells. */
export function unplacedBlock(recent: Statistics, picks: PickStrip, width: number): readonly string[] {
  const head = fit(colors.red('✗ no endpoint took'), width);
  const figures = rpcs(recent.unplaced);
  return [
    head + figures.padStart(width - stringWidth(head)),
    INDENT + strip(picks.row(undefined, width - INDENT.length), colors.red),
  ];
}

function rpcs(count: number): string {
  return `${quantity(count)} RPCs`.padStart(11);
}

/** All of them; the one that is connected has a pointer. */
function addresses({ addresses, connected }: KnownEndpoint): readonly string[] {
  return addresses.map((address) =>
    address === connected ? colors.bold(`▸${address}`) : colors.gray(` ${address}`),
  );
}

function shareOf({ name }: KnownEndpoint, { answers, answered }: Statistics): number {
  return answered === 0 ? 0 : (answers.get(name) ?? 0) / answered;
}

function bar(share: number, width: number, paint: Paint, stroke = '━'): string {
  const filled = Math.round(share * Math.max(0, width));
  return paint(stroke.repeat(filled)) + colors.gray('╌'.repeat(Math.max(0, width - filled)));
}

/** What an endpoint had that has no connection any more: thin and gray. */
function fadedBar(share: number, width: number): string {
  return bar(share, width, colors.gray, '─');
}

/** Each run of equal marks is painted at once. */
function strip(row: readonly PickMark[], paint: Paint): string {
  const text = row.map((mark) => (mark === 'answered' ? '█' : mark === 'failed' ? '✗' : '·')).join('');
  return text.replace(/█+|✗+|·+/g, (run) =>
    (run[0] === '█' ? paint : run[0] === '✗' ? colors.red : colors.gray)(run),
  );
}

function ownColor(index: number): Paint {
  // The index is a remainder of the array's length.
  return OWN_COLORS[index % OWN_COLORS.length] as Paint;
}
