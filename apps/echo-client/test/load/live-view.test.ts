/** One frame of the live view: what it shows when there is little room, and in which order RPCs stand in a strip. */
import { stripVTControlCharacters } from 'node:util';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { liveView } from '../../src/load/live-view.js';
import type { Snapshot } from '../../src/load/load-session.js';
import { LoadStatistics } from '../../src/load/load-statistics.js';
import { PickStrip } from '../../src/load/pick-strip.js';

const endpoint = (port: number) => ({
  name: `[::1]:${port}+127.0.0.1:${port}`,
  addresses: [`[::1]:${port}`, `127.0.0.1:${port}`],
  state: 'READY',
  connected: `[::1]:${port}`,
  lastError: '',
  everReady: true,
});

/** `picks`: the index of the endpoint that each RPC went to; `-` for one that failed because no endpoint took it. */
function snapshot(count: number, picks: string): Snapshot {
  const endpoints = Array.from({ length: count }, (_, index) => endpoint(50_050 + index));
  const statistics = new LoadStatistics(0);
  const strip = new PickStrip();
  for (const [number, index] of [...picks].entries()) {
    const name = endpoints[Number(index)]?.name;
    const code = name === undefined ? status.UNAVAILABLE : status.OK;
    strip.record(number, name, code === status.OK);
    statistics.record({ code, details: '', peer: undefined, message: '', latencyMs: 2 }, name, number * 100);
  }
  const now = picks.length * 100;
  return {
    channel: { target: 'static:x', policy: 'custom_round_robin', repeatCount: 3, readyTimeoutMs: undefined },
    load: { message: '', rate: 10, concurrency: 1, rpcTimeoutMs: 1000 },
    seconds: now / 1000,
    endpoints,
    recent: statistics.recent(now),
    total: statistics.total(now),
    picks: strip,
    lastError: undefined,
    timeline: [
      {
        seconds: 0.5,
        event: {
          endpoint: endpoints[0]?.name ?? '',
          kind: 'connectivity',
          from: 'IDLE',
          to: 'READY',
          reason: 'why',
        },
      },
    ],
  };
}

/** Without colours: what they are is not what these tests are about. */
const frame = (...parameters: Parameters<typeof liveView>): string[] =>
  stripVTControlCharacters(liveView(...parameters)).split('\n');

describe('a frame', () => {
  const three = snapshot(3, '000111222000');

  test('shows rate, percentiles, shares and picks of the last ten seconds', () => {
    const rows = frame(three, { columns: 60, rows: 30 });
    expect(rows).toContain('10.0 RPC/s  p50 2.00 ms  p99 2.00 ms  12 RPCs  no errors');
    expect(rows).toContain('  ███······███');
    expect(rows).toContain('  ···███······');
    expect(rows.filter((row) => / 50\.0 % +6 RPCs$/.test(row))).toHaveLength(1);
    expect(rows.filter((row) => / 25\.0 % +3 RPCs$/.test(row))).toHaveLength(2);
    expect(rows).toContain('   0.5 s  1 IDLE → READY  why');
  });

  test.each([
    [80, 24],
    [40, 24],
    [40, 12],
    [20, 8],
    [20, 3],
  ])('fits %i columns and %i rows, the cursor’s row left free', (columns, rows) => {
    const lines = frame(three, { columns, rows });
    expect(lines.length).toBeLessThan(rows);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  });

  test('a low terminal shows each endpoint in one row, rather than what happened', () => {
    const lines = frame(three, { columns: 60, rows: 7 });
    expect(lines.filter((line) => /^ [123] ● \[::1\]:5005\d/.test(line))).toHaveLength(3);
  });

  test('more endpoints than rows: as many as fit, and how many do not', () => {
    const lines = frame(snapshot(50, '0123'), { columns: 80, rows: 24 });
    const shown = lines.filter((line) => / ● /.test(line)).length;
    expect(shown).toBeGreaterThan(10);
    expect(lines).toContain(`and ${50 - shown} more`);
  });

  test('share and count are those of the latest ten seconds: who left fades out of both', () => {
    const left = snapshot(2, `${'0'.repeat(100)}${'1'.repeat(150)}`);
    const rows = frame(left, { columns: 60, rows: 30 });
    expect(rows.find((row) => / 0\.0 % /.test(row))).toMatch(/ 0 RPCs$/);
    expect(rows.find((row) => / 100\.0 % /.test(row))).toMatch(/ (9\d|100) RPCs$/);
  });

  test('the bar of an endpoint without a connection is a faded one', () => {
    const [first, second] = three.endpoints;
    const endpoints = [
      { ...endpoint(50_050), ...first },
      { ...endpoint(50_051), ...second, state: 'IDLE' },
    ];
    const rows = frame({ ...three, endpoints }, { columns: 60, rows: 30 });
    expect(rows.find((row) => / 50\.0 % /.test(row))).toMatch(/^ {2}━+╌+ /);
    expect(rows.find((row) => / 25\.0 % /.test(row))).toMatch(/^ {2}─+╌+ /);
  });

  test('RPCs that no endpoint took have a strip and a count of their own, for as long as they are recent', () => {
    const failed = snapshot(2, '01--01');
    const rows = frame(failed, { columns: 60, rows: 30 });
    const at = rows.findIndex((row) => /^✗ no endpoint took +2 RPCs$/.test(row));
    expect(rows[at + 1]).toBe('  ··✗✗··');
    expect(frame(failed, { columns: 60, rows: 7 }).join()).toContain('✗ no endpoint took');

    const recovered = snapshot(2, `01--${'01'.repeat(75)}`);
    expect(frame(recovered, { columns: 60, rows: 30 }).join()).not.toContain('no endpoint took');
  });

  test('the last error has an age, which has its place also beside a long text', () => {
    const text = `UNAVAILABLE: ${'long '.repeat(30)}`;
    const rows = frame({ ...three, seconds: 7, lastError: { text, seconds: 4 } }, { columns: 60, rows: 30 });
    expect(rows.find((row) => row.startsWith('last error'))).toMatch(
      /^last error {2}UNAVAILABLE: .*… {2}3 s ago$/,
    );
  });

  test('what happened takes the rows that there are', () => {
    const [entry] = three.timeline;
    if (entry === undefined) throw new Error('no entry');
    const busy = { ...three, timeline: Array.from({ length: 60 }, (_, seconds) => ({ ...entry, seconds })) };
    const lines = frame(busy, { columns: 80, rows: 50 });
    expect(lines).toHaveLength(49);
    expect(lines.filter((line) => line.includes('IDLE → READY')).length).toBeGreaterThan(25);
    expect(lines.at(-1)).toContain('59.0 s');
    // With little to tell the view stays small.
    expect(frame(three, { columns: 80, rows: 50 }).length).toBeLessThan(30);
  });
});

describe('a strip', () => {
  test('is in the order in which RPCs were sent, whatever the order of their ends', () => {
    const strip = new PickStrip();
    for (const number of [2, 0, 3, 1]) strip.record(number, number < 2 ? 'a' : 'b', number !== 3);
    expect(strip.row('a', 10)).toEqual(['answered', 'answered', 'elsewhere', 'elsewhere']);
    expect(strip.row('b', 3)).toEqual(['elsewhere', 'answered', 'failed']);
  });
});
