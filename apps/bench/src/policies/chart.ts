/** The situations as an SVG: for each policy a line from p50 to p99, what failed, and the odd server's share. */
import { percent } from '../report/report.js';
import type { Panel } from './policies.js';

const WIDTH = 860;
const NAME = 190;
const TIMES = { from: 200, to: 560 };
const FAILED = { from: 620, to: 700 };
const SHARE = { from: 740, to: 820 };
const ROW = 17;
const HEAD = 44;
const GAP = 14;
const INK = '#808080';
const TICKS_MS = [5, 10, 20, 50, 100, 200, 500];
const COLOURS: Readonly<Record<string, string>> = {
  round_robin: '#d1495b',
  least_request: '#2a7f9e',
  peak_ewma: '#3c9d6b',
};

/** Milliseconds on a logarithmic axis; what lies outside of it stands at its end. */
export function timeAt(ms: number): number {
  const [low, high] = [Math.log(TICKS_MS[0] ?? 1), Math.log(TICKS_MS.at(-1) ?? 10)];
  const part = Math.min(1, Math.max(0, (Math.log(ms) - low) / (high - low)));
  return TIMES.from + part * (TIMES.to - TIMES.from);
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function label(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end' = 'start'): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function bar({ from, to }: { from: number; to: number }, y: number, part: number, colour: string): string {
  const width = (Math.min(1, part) * (to - from)).toFixed(1);
  return `<rect x="${from}" y="${y - 9}" width="${width}" height="10" fill="${colour}"/>${label(from + Number(width) + 4, y, percent(part))}`;
}

function panelOf({ situation, measured }: Panel, top: number): string[] {
  const bottom = top + HEAD + measured.length * ROW;
  const fair = (SHARE.from + situation.fairShare * (SHARE.to - SHARE.from)).toFixed(1);
  const lines = [
    `<text x="0" y="${top + 14}" font-weight="bold">${escaped(situation.name)}</text>`,
    label(FAILED.from, top + 34, 'failed'),
    label(SHARE.from, top + 34, 'odd server’s share'),
    `<line x1="${fair}" y1="${top + 38}" x2="${fair}" y2="${bottom - 4}" stroke="${INK}" stroke-dasharray="2 2"/>`,
  ];
  for (const ms of TICKS_MS) {
    const x = timeAt(ms).toFixed(1);
    lines.push(
      label(Number(x), top + 34, `${ms} ms`, 'middle'),
      `<line x1="${x}" y1="${top + 38}" x2="${x}" y2="${bottom - 4}" stroke="${INK}" stroke-opacity="0.25"/>`,
    );
  }
  for (const [index, { name, p50, p99, failed, rpcs, shares }] of measured.entries()) {
    const y = top + HEAD + 8 + index * ROW;
    const colour = COLOURS[name.split(',')[0] ?? ''] ?? INK;
    const [from, to] = [timeAt(p50).toFixed(1), timeAt(p99).toFixed(1)];
    lines.push(
      label(NAME, y, name, 'end'),
      `<line x1="${from}" y1="${y - 4}" x2="${to}" y2="${y - 4}" stroke="${colour}" stroke-width="3"/>`,
      `<circle cx="${from}" cy="${y - 4}" r="4" fill="${colour}"/>`,
      bar(FAILED, y, failed / rpcs, colour),
      bar(SHARE, y, shares[0] ?? 0, colour),
    );
  }
  return lines;
}

export function policiesChart(panels: readonly Panel[]): string {
  let top = 0;
  const lines = panels.flatMap((panel) => {
    const at = top;
    top += HEAD + panel.measured.length * ROW + GAP;
    return panelOf(panel, at);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" font-family="sans-serif" font-size="11" fill="${INK}">`,
    '<title>Latency from p50 to p99, failures and the odd server’s share, by situation and policy</title>',
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}
