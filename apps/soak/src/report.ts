/** The tables of a run, in Markdown: for the terminal and for docs/soak.md. */
import { cpus } from 'node:os';
import type { FaultCost } from './findings/fault-log.js';
import { excess, type Holdings } from './findings/leftovers.js';
import { INVARIANTS } from './findings/violations.js';
import { FAULT_KINDS, FAULTS } from './plan/schedule.js';
import type { SoakResult } from './soak-run.js';

/** Everything that a run has to say. */
export function report(result: SoakResult, command: string): string {
  const { seconds, incidents, before, after, longestStallMs } = result;
  const machine = `Node.js ${process.version}, ${process.platform}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'CPU'}`;
  return [
    `\`${command}\`: ${Math.round(seconds)} s, ${incidents} incidents. ${machine}; longest stall of the client's event loop that was not meant ${longestStallMs} ms.`,
    totals(result),
    'By fault; each cell is one number per policy, in the order of the columns above:',
    costs(result),
    'What the client process holds, before the first client is made and after the last is closed:',
    holdings(before, after),
    verdict(result),
  ].join('\n\n');
}

function totals({ subjects }: SoakResult): string {
  const row = (title: string, cell: (subject: SoakResult['subjects'][number]) => string | number) => [
    title,
    ...subjects.map((subject) => String(cell(subject))),
  ];
  return table([
    ['', ...subjects.map(({ plan }) => `\`${plan.name}\``)],
    row('RPCs', ({ totals }) => totals.rpcs),
    row('failed', ({ totals }) => totals.failed),
    row('picks of an endpoint that was not READY', ({ totals }) => totals.notReadyPicks),
    row('latest end after a deadline, ms', ({ totals }) => totals.longestOverdueMs),
    row('deadlines missed by a client that stood still', ({ totals }) => totals.starved),
    row('new clients that were well served', ({ plan, totals }) =>
      plan.judged ? `${totals.wellServedClients} of ${totals.newClients}` : '–',
    ),
    row('dials of one connect-and-go peer, most per second', ({ plan, totals }) =>
      plan.judged ? totals.mostPerSecond.dials : '–',
    ),
    row('Watches at one server that ends them, most per second', ({ plan, totals }) =>
      plan.judged ? totals.mostPerSecond.Watches : '–',
    ),
    row('exact ratio after a heal', ({ plan, totals }) =>
      plan.repeatCount === undefined ? '–' : `${totals.exactProbes} of ${totals.probes}`,
    ),
  ]);
}

function costs({ faults, subjects }: SoakResult): string {
  const names = subjects.map(({ plan }) => plan.name);
  const rows = FAULT_KINDS.filter((kind) => faults.counts.has(kind)).map((kind) => {
    const each = (cell: (cost: FaultCost) => string | number) =>
      names.map((name) => cell(faults.cost(name, kind))).join(' / ');
    return [
      `${kind}: ${FAULTS[kind]}`,
      String(faults.counts.get(kind)),
      each(({ sent }) => sent),
      each(({ failedInFlight }) => failedInFlight),
      each(({ deadlines }) => deadlines),
      each(({ failedUnsent }) => failedUnsent),
      each(({ healMs }) => quantile(healMs, 0.5)),
      each(({ healMs }) => quantile(healMs, 1)),
    ];
  });
  return table([
    [
      'fault',
      'times',
      'RPCs sent there',
      'failed in flight',
      'of all: deadline',
      'failed unsent',
      'heal, median ms',
      'heal, longest ms',
    ],
    ...rows,
  ]);
}

function holdings(before: Holdings, after: Holdings): string {
  const kinds = [...new Set([...Object.keys(before.handles), ...Object.keys(after.handles)])].sort();
  const handles = (of: Holdings) => kinds.map((kind) => `${of.handles[kind] ?? 0} ${kind}`).join(', ');
  const row = (title: string, of: (holdings: Holdings) => string | number) => [
    title,
    String(of(before)),
    String(of(after)),
  ];
  return table([
    ['', 'before', 'after'],
    row('heap, MiB', ({ heapMiB }) => heapMiB),
    row('handles', handles),
    row('timers', ({ timers }) => timers),
    row('policies', ({ policies }) => policies),
    row('channels', ({ channels }) => channels),
    row('subchannels', ({ subchannels }) => subchannels),
    row('sockets', ({ sockets }) => sockets),
  ]);
}

function verdict({ violations, before, after }: SoakResult): string {
  if (violations.length === 0 && excess(before, after).length === 0) return 'All invariants held.';
  const broken = violations.map(
    ({ invariant, subject, count, first }) =>
      `- **${invariant}** (${INVARIANTS[invariant]}), ${subject}, ${count} times; first: ${first}`,
  );
  return ['Broken:', ...broken].join('\n');
}

function quantile(values: readonly number[], share: number): string {
  if (values.length === 0) return '–';
  const sorted = values.toSorted((a, b) => a - b);
  return String(Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0));
}

/** A Markdown table that lines up in a terminal too. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body.map(line)].join(
    '\n',
  );
}
