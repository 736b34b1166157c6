/** The benchmark's arithmetic, its command line and its page. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { PARTS, parseCommandLine } from '../src/command-line.js';
import { replaceSection } from '../src/document.js';
import { loopbackAddress } from '../src/load/scale.js';
import { inTurns } from '../src/load/throughput.js';
import { policiesChart, timeAt } from '../src/policies/chart.js';
import { SITUATIONS } from '../src/policies/situations.js';
import { decades, growthChart } from '../src/report/chart.js';
import { figure, percent, renderReport, renderTable } from '../src/report/report.js';
import { median, pairedRatios, percentile, spread } from '../src/report/statistics.js';

describe('statistics', () => {
  test('the median of an even number of values lies between the two in the middle', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([9, 1, 5])).toBe(5);
    expect(median([])).toBeNaN();
  });

  test('percentiles are interpolated, in numerical order, and leave the values alone', () => {
    const values = [100, 9, 20];
    expect(percentile(values, 0)).toBe(9);
    expect(percentile(values, 1)).toBe(100);
    expect(percentile(values, 0.75)).toBe(60);
    expect(values).toEqual([100, 9, 20]);
    expect(spread([1, 2, 3, 4, 5])).toEqual({ median: 3, low: 2, high: 4 });
  });

  test('ratios are taken pair by pair', () => {
    expect(pairedRatios([2, 9], [4, 3])).toEqual([0.5, 3]);
    expect(() => pairedRatios([1], [])).toThrow('got 1 and 0');
  });

  test('every other round runs backwards', () => {
    expect([inTurns(0, ['a', 'b']), inTurns(1, ['a', 'b'])]).toEqual([
      ['a', 'b'],
      ['b', 'a'],
    ]);
  });

  test('addresses are distinct, on the loopback, and never 127.0.0.1', () => {
    const all = Array.from({ length: 2000 }, (_, index) => loopbackAddress(index));
    expect(new Set(all).size).toBe(2000);
    expect(all.every((address) => /^127\.1\.\d{1,3}\.\d{1,3}$/.test(address))).toBe(true);
    expect(() => loopbackAddress(65_536)).toThrow(RangeError);
  });
});

describe('command line', () => {
  test('without names all parts run, and named ones in a fixed order', () => {
    expect(parseCommandLine([])).toEqual({ parts: PARTS, quick: false, write: false });
    expect(parseCommandLine(['--', 'scale', 'throughput', '--quick', 'scale']).parts).toEqual([
      'throughput',
      'scale',
    ]);
  });

  test('what it does not know is an error', () => {
    expect(() => parseCommandLine(['speed'])).toThrow('no part is called speed');
    expect(() => parseCommandLine(['--fast'])).toThrow('--fast');
    expect(() => parseCommandLine(['--quick', '--write'])).toThrow('exclude each other');
  });
});

describe('output', () => {
  test('figures have three significant digits and no exponent', () => {
    expect([0.012345, 1.2345, 123.45, 12345, 0].map((value) => figure(value))).toEqual([
      '0.0123',
      '1.23',
      '123',
      '12345',
      '0',
    ]);
    expect(figure(1.5, 'ms')).toBe('1.5 ms');
    expect(figure(Number.NaN, 'ms')).toBe('none');
    expect([percent(0.1234), percent(Number.NaN)]).toEqual(['12.3 %', 'none']);
  });

  test('a table is aligned Markdown', () => {
    expect(renderTable({ title: 'T', columns: ['policy', 'ms'], rows: [['a|b', '1.5']] })).toBe(
      ['**T**', '', '| policy |  ms |', '|--------|----:|', '| a\\|b   | 1.5 |'].join('\n'),
    );
  });

  test('a target that is missed says so', () => {
    const text = renderReport({
      tables: [],
      verdicts: [{ target: 'fast', measured: 'slow', met: false }],
      notes: ['A note.'],
    });
    expect(text).toMatch(/\| fast +\| +slow \| +NO \|\n\nA note\.$/);
  });

  test('a run replaces what stands between its marks, and nothing else', () => {
    const page = 'a\n<!-- bench x -->\nold\n<!-- /bench x -->\nz';
    const once = replaceSection(page, 'x', 'new');
    expect(once).toBe('a\n<!-- bench x -->\n\nnew\n\n<!-- /bench x -->\nz');
    expect(replaceSection(once, 'x', 'new')).toBe(once);
    expect(() => replaceSection(page, 'y', 'new')).toThrow('<!-- bench y -->');
  });

  test('docs/benchmarks.md has a place for every part', () => {
    const page = readFileSync(fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url)), 'utf8');
    for (const part of PARTS) expect(() => replaceSection(page, part, '')).not.toThrow();
  });

  test('the chart spans whole decades and draws every point', () => {
    expect(decades([0.03, 80])).toEqual([0.01, 0.1, 1, 10, 100]);
    const svg = growthChart(
      [
        {
          name: 'a: b',
          points: [
            { x: 10, y: 0.03 },
            { x: 2000, y: 80 },
          ],
        },
      ],
      'ms',
    );
    expect(svg.match(/<circle/g)).toHaveLength(2);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  test('the chart of policies draws each from p50 to p99, and what is beyond its axis at the end of it', () => {
    const measured = { name: 'a<b', p50: 5, p90: 10, p99: 900, rpcs: 4, failed: 1, shares: [0.25, 0.75] };
    const svg = policiesChart([{ situation: SITUATIONS.slow, measured: [measured] }]);
    expect(svg).toContain(`x1="${timeAt(5).toFixed(1)}" y1="48" x2="${timeAt(500).toFixed(1)}" y2="48"`);
    expect(svg.match(/>25\.0 %</g)).toHaveLength(2);
    expect(svg).toContain('a&lt;b');
    expect(svg).not.toMatch(/NaN|Infinity/);
  });
});
