/** Each part of the benchmark runs: no figure of a busy machine is asserted. */
import { describe, expect, test } from 'vitest';
import { kubernetes } from '../src/kubernetes/kubernetes.js';
import { failover } from '../src/load/failover.js';
import { metrics } from '../src/load/metrics.js';
import { scale } from '../src/load/scale.js';
import { streams } from '../src/load/streams.js';
import { throughput } from '../src/load/throughput.js';
import { policiesChart } from '../src/policies/chart.js';
import { policies } from '../src/policies/policies.js';
import type { Report } from '../src/report/report.js';
import { coldStart } from '../src/starting/cold-start.js';
import { imports } from '../src/starting/imports.js';

/** All cells of a column that starts so, as numbers: a figure that could not be measured is `none`. */
function column({ tables }: Report, table: number, name: string): number[] {
  const { columns = [], rows = [] } = tables[table] ?? {};
  const index = columns.findIndex((title) => title.startsWith(name));
  expect(index, `no column ${name}`).toBeGreaterThanOrEqual(0);
  return rows.map((row) => Number.parseFloat(row[index] ?? ''));
}

const positive = (values: readonly number[]): boolean => values.every((value) => value > 0);

describe('each part runs', { timeout: 120_000 }, () => {
  test('throughput', async () => {
    const report = await throughput(true);
    expect(report.tables[0]?.rows.map(([policy, servers]) => `${policy} ${servers}`)).toEqual([
      'round_robin 3',
      'custom_round_robin 3',
      'least_request 3',
      'peak_ewma 3',
      'pick_first 1',
      'custom_round_robin 1',
      'least_request 1',
      'peak_ewma 1',
    ]);
    for (const name of ['RPC/s', 'beside', 'CPU', 'p50']) expect(column(report, 0, name)).toSatisfy(positive);
    expect(report.verdicts).toHaveLength(6);
  });

  test('metrics', async () => {
    const report = await metrics(true);
    expect(report.tables[0]?.rows.map(([client]) => client)).toEqual([
      'without metrics',
      "the package's hooks alone",
      "the SDK's records alone",
      'metrics',
      'all metrics',
    ]);
    for (const name of ['RPC/s', 'beside', 'CPU']) expect(column(report, 0, name)).toSatisfy(positive);
    expect(report.verdicts.map(({ target }) => target)).toEqual([
      "metrics: at least 0.95 of without metrics's RPC/s",
      "all metrics: at least 0.95 of without metrics's RPC/s",
    ]);
  });

  test('scale', async () => {
    const report = await scale(true);
    expect(report.tables[0]?.rows.map(([policy, size]) => `${policy} ${size}`)).toEqual([
      'round_robin 10',
      'custom_round_robin 10',
      'round_robin 50',
      'custom_round_robin 50',
    ]);
    for (const name of ['all READY', 'CPU', 'unchanged']) {
      expect(column(report, 0, name)).toSatisfy(positive);
    }
    expect(column(report, 0, 'memory')).toSatisfy((values: number[]) => values.every(Number.isFinite));
    expect(report.curves.map(({ points }) => points.map(({ x }) => x))).toEqual(Array(4).fill([10, 50]));
    expect(report.verdicts).toHaveLength(2);
  });

  test('kubernetes: a pod that changes touches one child of ours, and all of round_robin', async () => {
    const report = await kubernetes(true);
    for (const name of ['event loop', 'of it the resolver', 'of it the policy', 'CPU']) {
      expect(column(report, 0, name)).toSatisfy(positive);
    }
    expect(column(report, 0, 'children made')).toEqual([1, 1, 300, 300]);
    expect(report.verdicts).toHaveLength(2);
  });

  test('failover, and no RPC is sent on a connection after its close event', async () => {
    const report = await failover(true);
    expect(column(report, 0, 'kill to close')).toSatisfy(positive);
    expect(column(report, 0, 'RPCs sent after it')).toEqual([0, 0, 0]);
    expect(column(report, 1, 'first answer').every((ms) => ms >= 240)).toBe(true);
    expect(column(report, 2, 'written to last pick').every((ms) => ms >= 0)).toBe(true);
    expect(column(report, 2, 'RPCs failed')).toEqual([0, 0]);
  });

  test('policies, and what does not hang on time holds on a busy machine too', async () => {
    const report = await policies(true);
    expect(report.panels.map(({ measured }) => measured.length)).toEqual([6, 6, 6, 6, 6, 6, 8, 6, 6, 6]);
    for (const { measured } of report.panels) {
      for (const { shares, p50, p99 } of measured) {
        expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1);
        expect(p99).toBeGreaterThanOrEqual(p50);
      }
    }
    expect(policiesChart(report.panels)).not.toMatch(/NaN|undefined|Infinity/);
    const exact = /no RPC is lost|full turns|no RPC fails|never has more|exactly/;
    const missed = report.verdicts.filter(({ target, met }) => exact.test(target) && !met);
    expect(missed).toEqual([]);
    expect(report.verdicts.filter(({ target }) => exact.test(target))).toHaveLength(10);
  });

  test('import', async () => {
    const report = await imports(true);
    expect(column(report, 0, 'Node.js')).toSatisfy(positive);
    for (const name of ['installed', 'as one module']) expect(column(report, 1, name)).toSatisfy(positive);
    expect(report.verdicts).toHaveLength(6);
  });

  test('streams: the RPCs of a full connection have others', async () => {
    const report = await streams(true);
    expect(column(report, 0, 'all answered')).toSatisfy(positive);
    expect(report.verdicts).toHaveLength(1);
  });

  test('cold start', async () => {
    const report = await coldStart(true);
    for (const name of ['imports', 'then', 'together']) expect(column(report, 0, name)).toSatisfy(positive);
  });
});
