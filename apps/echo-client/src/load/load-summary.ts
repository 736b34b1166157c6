/** The summary of one load or of several beside each other: a column for each policy, as a table or as JSON. */
import Table from 'cli-table3';
import { milliseconds, percent, quantity } from '../text/quantities.js';
import type { Snapshot } from './load-session.js';
import type { Statistics } from './load-statistics.js';

/** A load that is over; `slices` are the RPC/s of its parts, empty where it had none. */
export interface LoadResult extends Pick<Snapshot, 'channel' | 'load' | 'endpoints'> {
  readonly total: Statistics;
  readonly slices: readonly number[];
}

const PERCENTILES = [50, 90, 99, 100] as const;

/** `width`: the columns of the terminal, where there is one. Long names end in `…` if they do not fit. */
export function loadSummary(results: readonly LoadResult[], width = process.stdout.columns): string {
  const row = (name: string, value: (result: LoadResult) => string): string[] => [
    name,
    ...results.map(value),
  ];
  const endpoints = [...new Set(results.flatMap((result) => shares(result).map(({ endpoint }) => endpoint)))];
  const errors = [...new Set(results.flatMap(({ total }) => [...total.errors.keys()]))];
  const rows = [
    row('', ({ channel }) => channel.policy),
    row('time', ({ total }) => `${total.seconds.toFixed(1)} s`),
    row('RPCs', ({ total }) => quantity(total.rpcs)),
    row('RPC/s', (result) => quantity(rpcsPerSecond(result))),
    ...(results.some(({ slices }) => slices.length > 0) ? [row('  of its slices', sliceRange)] : []),
    ...PERCENTILES.map((p) =>
      row(p === 100 ? 'slowest' : `p${p}`, ({ total }) => milliseconds(total.latencies.percentile(p))),
    ),
    row('errors', ({ total }) => quantity(total.rpcs - total.answered)),
    ...errors.map((name) => row(`  ${name}`, ({ total }) => quantity(total.errors.get(name) ?? 0))),
    ...(results.some(({ total }) => total.unplaced > 0)
      ? [row('  no endpoint took', ({ total }) => quantity(total.unplaced))]
      : []),
    row('share of', () => ''),
    ...endpoints.map((name) => row(`  ${name}`, (result) => share(result, name))),
  ];
  return table(rows, width || Number.POSITIVE_INFINITY);
}

/** One line of JSON. */
export function loadJson(result: LoadResult): string {
  const { channel, load, total, slices } = result;
  const latency = PERCENTILES.map((p) => [
    p === 100 ? 'max' : `p${p}`,
    total.latencies.percentile(p) ?? null,
  ]);
  return JSON.stringify({
    type: 'bench',
    policy: channel.policy,
    target: channel.target,
    concurrency: load.concurrency,
    seconds: Math.round(total.seconds * 1000) / 1000,
    rpcs: total.rpcs,
    rpcsPerSecond: tenths(rpcsPerSecond(result)),
    slicesPerSecond: slices.map(tenths),
    latencyMs: Object.fromEntries(latency),
    errors: Object.fromEntries(total.errors),
    noEndpointTook: total.unplaced,
    shares: shares(result),
  });
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The slowest and the fastest. */
function sliceRange({ slices }: LoadResult): string {
  return `${quantity(Math.min(...slices))} – ${quantity(Math.max(...slices))}`;
}

function rpcsPerSecond({ total }: LoadResult): number {
  return total.seconds === 0 ? 0 : total.rpcs / total.seconds;
}

/** The endpoints in the resolver's order, and whoever else answered. */
function shares({ endpoints, total }: LoadResult): { endpoint: string; rpcs: number; share: number }[] {
  const names = new Set([...endpoints.map(({ name }) => name), ...total.answers.keys()]);
  return [...names].map((endpoint) => {
    const rpcs = total.answers.get(endpoint) ?? 0;
    return { endpoint, rpcs, share: total.answered === 0 ? 0 : rpcs / total.answered };
  });
}

function share(result: LoadResult, name: string): string {
  const found = shares(result).find(({ endpoint }) => endpoint === name);
  return found === undefined ? '' : percent(found.share);
}

const GAP = '  ';
const NO_LINES = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) => [
    [side, ''],
    [`${side}-mid`, ''],
    [`${side}-left`, ''],
    [`${side}-right`, ''],
  ]),
);

function table(rows: readonly string[][], width: number): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const [names = 0, ...values] = widths;
  const room = width - values.reduce((sum, value) => sum + value + GAP.length, 0);
  const columns = new Table({
    chars: { ...NO_LINES, middle: GAP, 'mid-mid': '', 'left-mid': '', 'right-mid': '' },
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    colWidths: [Math.max(8, Math.min(names, room)), ...values],
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
  });
  columns.push(...rows);
  return columns
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
