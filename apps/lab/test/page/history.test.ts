/** What the page makes of ticks: rates and shares of the last seconds, picks, and series to plot. */
import { expect, it } from 'vitest';
import { History } from '../../src/page/lab/history.js';
import { KEPT_TICKS, type Tick } from '../../src/protocol.js';

const QUIET: Omit<Tick, 'at'> = {
  started: 0,
  ok: 0,
  failed: 0,
  attempts: 0,
  repeated: 0,
  inFlight: 0,
  unplaced: 0,
  servers: [],
  picks: [],
  lastPick: 0,
  failedPicks: [],
  loopDelayMs: 0,
};

const server = (id: number, sent: number, p50?: number): Tick['servers'][number] => ({
  id,
  sent,
  ok: sent,
  failed: 0,
  arrived: sent,
  inFlight: 0,
  waiting: 0,
  ...(p50 !== undefined && { p50, p99: p50 * 2 }),
});

/** A tick each 100 ms. */
function historyOf(count: number, tickAt: (index: number) => Partial<Tick>): History {
  const history = new History();
  for (let index = 1; index <= count; index++) history.add({ ...QUIET, at: index * 100, ...tickAt(index) });
  return history;
}

it('shares are those of the last three seconds', () => {
  const history = historyOf(100, (index) => ({
    started: 2,
    servers: index <= 70 ? [server(1, 2)] : [server(2, 1), server(3, 1)],
  }));
  const recent = history.recent();
  expect([...recent.servers.keys()].sort()).toEqual([2, 3]);
  expect(recent.servers.get(2)).toEqual({ share: 0.5, perSecond: 10, failedShare: 0 });
  expect(recent.startedPerSecond).toBe(20);
});

it('RPCs that no endpoint took count as failed, and not as the share of an endpoint', () => {
  const recent = historyOf(30, () => ({ ok: 1, failed: 1, unplaced: 1, servers: [server(1, 1)] })).recent();
  expect(recent.failedShare).toBe(0.5);
  expect(recent.servers.get(1)?.share).toBe(1);
});

it('attempts that fail are told of their endpoint, also where no RPC fails since another one follows', () => {
  const recent = historyOf(30, () => ({
    ok: 2,
    attempts: 3,
    repeated: 1,
    servers: [server(1, 2), { ...server(2, 1), ok: 0, failed: 1 }],
  })).recent();
  expect(recent).toMatchObject({ failedShare: 0, repeatedShare: 0.5, attemptsPerRpc: 1.5 });
  expect(recent.servers.get(2)).toMatchObject({ share: 1 / 3, failedShare: 1 });
  expect(recent.servers.get(1)).toMatchObject({ share: 2 / 3, failedShare: 0 });
});

const serversOf = (picks: readonly { readonly server: number }[]): number[] =>
  picks.map(({ server }) => server);

it('the newest picks come last, across ticks, and stop at the time of a pause', () => {
  const history = historyOf(3, (index) => ({ picks: [index, index, index], lastPick: 3 * index }));
  expect(serversOf(history.picks(5))).toEqual([2, 2, 3, 3, 3]);
  expect(serversOf(history.picks(4, 200))).toEqual([1, 2, 2, 2]);
});

it('a pick is told to have failed as soon as it has, and at the time of a pause only what had failed by then', () => {
  const history = historyOf(3, (index) => ({
    picks: [1, 2],
    lastPick: 2 * index,
    failedPicks: index === 1 ? [2] : index === 3 ? [3, 6] : [],
  }));
  const marks = (until?: number) => history.picks(9, until).map(({ failed }) => (failed ? 'x' : '.'));
  expect(marks().join('')).toBe('.xx..x');
  expect(marks(200).join('')).toBe('.x..');
});

it('a series has the shares of all endpoints at each point, and no latency where nothing ended', () => {
  const history = historyOf(60, (index) => ({
    servers: index <= 20 ? [server(1, 1, 5)] : [server(1, 1, 5), server(2, 1, 7)],
  }));
  const { at, ids, shares, p50, p99 } = history.series(0, 6_000);
  expect(ids).toEqual([1, 2]);
  expect(at[0]).toBe(0.1);
  expect(at.at(-1)).toBe(6);
  expect(shares.get(1)?.at(0)).toBe(1);
  expect(shares.get(1)?.at(-1)).toBe(0.5);
  expect(shares.get(2)?.at(-1)).toBe(0.5);
  expect(p50.get(2)?.at(0)).toBeUndefined();
  expect(p99.get(2)?.at(-1)).toBe(14);
});

it('a series has red where no endpoint took an RPC, and the parts make a whole', () => {
  const { shares } = historyOf(40, () => ({ unplaced: 1, servers: [server(1, 3)] })).series(0, 4_000);
  expect(shares.get(0)?.at(-1)).toBe(0.25);
  expect(shares.get(1)?.at(-1)).toBe(0.75);
});

it('five minutes take no more points than a screen has', () => {
  const history = historyOf(KEPT_TICKS, () => ({ servers: [server(1, 1, 1)] }));
  const { at } = history.series(0, 300_000);
  expect(at.length).toBeLessThanOrEqual(301);
  expect(at.length).toBeGreaterThan(290);
});

it('points stay where they are while time moves on', () => {
  const history = historyOf(1_000, (index) => ({ servers: [server(1, index % 3)] }));
  const before = history.series(30_000, 90_000);
  const after = history.series(30_300, 90_300);
  const common = after.at.filter((at) => before.at.includes(at));
  expect(common.length).toBeGreaterThan(after.at.length - 5);
});

it('ticks of more than five minutes ago are forgotten', () => {
  const history = historyOf(KEPT_TICKS + 10, (index) => ({ picks: [index] }));
  expect(history.picks(Number.POSITIVE_INFINITY)).toHaveLength(KEPT_TICKS);
  expect(history.picks(Number.POSITIVE_INFINITY)[0]?.server).toBe(11);
});
