/** What single policies promise, each in a measurement of its own: slow start, weights, failover, limits and subsets. */
import { percent, type Row, tableOf, type Verdict } from '../report/report.js';
import { groupFailover } from './group-failover.js';
import type { Load, Outcome } from './load.js';
import type { Bench } from './measured.js';
import { failedOf, fleet, open, type Promised, sum, takeRequests } from './promised.js';
import { LEAST_REQUEST, named, WEIGHTED } from './situations.js';

/** The share of a third server that joins two others, by tenths of its slow start. */
async function slowStart(bench: Bench): Promise<Promised> {
  const { servers, clients, quick, rounds } = bench;
  const windowMs = quick ? 500 : 3000;
  const load: Load = { perSecond: 1200, ms: windowMs };
  const slow = { slowStart: { window: `${windowMs / 1000}s` } };
  const candidates = [named({ least_request: slow }), named({ peak_ewma: slow })];
  const tenths = Array.from({ length: 10 }, (_, tenth) => tenth);
  // Envoy's formula has 10 % of a share at least, and a straight line. The two others have all of theirs.
  const formula = tenths.map((tenth) => Math.max(0.1, (tenth + 0.5) / 10)).map((part) => part / (2 + part));
  const row = (policy: string, shares: readonly number[]): Row =>
    Object.fromEntries([
      ['policy', policy],
      ...shares.map((share, tenth) => [`${10 * tenth}–${10 * (tenth + 1)} %`, percent(share)]),
    ]);
  const rows: Row[] = [row('the formula', formula)];
  const verdicts: Verdict[] = [];
  for (const { name, policy } of candidates) {
    const outcomes: Outcome[] = [];
    let newcomers = new Set<string>();
    for (let round = 0; round < rounds; round++) {
      const endpoints = await servers.ask('start', fleet(3));
      newcomers = new Set([...newcomers, ...endpoints.slice(2)]);
      await open(bench, { policy, endpoints: endpoints.slice(0, 2) });
      await clients.ask('resolve', endpoints);
      outcomes.push(...(await clients.ask('load', load)));
      await clients.ask('close', undefined);
    }
    const shares = tenths.map((tenth) => {
      const those = outcomes.filter(({ at }) => Math.floor((10 * at) / windowMs) === tenth);
      return those.filter(({ peer }) => newcomers.has(peer)).length / those.length;
    });
    rows.push(row(name, shares));
    const worst = Math.max(...shares.map((share, tenth) => Math.abs(share - (formula[tenth] ?? 0))));
    verdicts.push({
      target: `${name}, slowStart: in each tenth of the window within 5 points of the formula`,
      measured: `${(100 * worst).toFixed(1)} points off at most`,
      met: worst <= 0.05,
    });
  }
  return {
    tables: [tableOf('Slow start: the share of a third server, by tenths of its window', rows)],
    verdicts,
  };
}

const WEIGHTS = [1, 2, 5];

/** RPCs one by one, for so many full turns. */
async function weights(bench: Bench): Promise<Promised> {
  const { servers, clients, quick } = bench;
  const turn = sum(WEIGHTS);
  const load: Load = { atOnce: 1, rpcs: (quick ? 5 : 100) * turn };
  const rows: Row[] = [];
  const verdicts: Verdict[] = [];
  for (const { name, policy } of [WEIGHTED, LEAST_REQUEST]) {
    const addresses = await servers.ask('start', fleet(WEIGHTS.length, 0));
    const endpoints = addresses.map((address, server) => ({
      addresses: [address],
      attributes: { weight: WEIGHTS[server] ?? 1 },
    }));
    await open(bench, { policy, endpoints });
    await clients.ask('load', load);
    const had = await takeRequests(bench);
    await clients.ask('close', undefined);
    rows.push(
      Object.fromEntries([
        ['policy', name],
        ...had.map((count, server) => [`weight ${WEIGHTS[server]}`, String(count)]),
      ]),
    );
    const off = had.map((count, server) => (count * turn) / load.rpcs / (WEIGHTS[server] ?? 1) - 1);
    const worst = Math.max(...off.map(Math.abs));
    verdicts.push({
      target: `${name}: shares within 1 % of the weights over full turns`,
      measured: `${percent(worst)} off at most`,
      met: worst <= 0.01,
    });
  }
  return { tables: [tableOf(`Weights: ${load.rpcs} RPCs, one by one`, rows)], verdicts };
}

const MOST = 5;
const CROWD = 200;

async function requestLimit(bench: Bench): Promise<Promised> {
  const { servers, clients } = bench;
  const limited = named({ request_limit: { maxRequests: MOST, childPolicy: [LEAST_REQUEST.policy] } });
  const rows: Row[] = [];
  const verdicts: Verdict[] = [];
  for (const { name, policy } of [LEAST_REQUEST, limited]) {
    const endpoints = await servers.ask('start', fleet(2, 20));
    await open(bench, { policy, endpoints });
    const outcomes = await clients.ask('load', { atOnce: CROWD, rpcs: CROWD });
    const most = Math.max(
      ...(await servers.ask('takeCounts', undefined)).map(({ mostAtOnce }) => mostAtOnce),
    );
    await clients.ask('close', undefined);
    const lost = failedOf(outcomes);
    rows.push({ policy: name, 'at once at a server, at most': String(most), failed: String(lost) });
    if (name !== limited.name) continue;
    verdicts.push({
      target: `${name}: of ${CROWD} RPCs at once, a server never has more than ${MOST}, and none fails`,
      measured: `${most} at most, ${lost} failed`,
      met: most <= MOST && lost === 0,
    });
  }
  return { tables: [tableOf(`${CROWD} RPCs at once on two servers`, rows)], verdicts };
}

const SUBSET = 3;

async function subsetting(bench: Bench): Promise<Promised> {
  const { servers, clients, quick } = bench;
  const { name, policy } = named({
    random_subsetting: { subsetSize: SUBSET, childPolicy: [LEAST_REQUEST.policy] },
  });
  const sizes: number[] = [];
  await clients.ask('takeDialled', undefined);
  const endpoints = await servers.ask('start', fleet(10, 0));
  const counts = new Map(endpoints.map((endpoint) => [endpoint, 0]));
  for (let client = 0; client < (quick ? 2 : 20); client++) {
    await clients.ask('open', { count: 1, policy, endpoints });
    await clients.ask('load', { atOnce: 1, rpcs: 50 });
    const dialled = await clients.ask('takeDialled', undefined);
    await clients.ask('close', undefined);
    sizes.push(new Set(dialled).size);
    for (const address of dialled) counts.set(address, (counts.get(address) ?? 0) + 1);
  }
  const connections = [...counts.values()];
  const range = (values: readonly number[]): string => `${Math.min(...values)} to ${Math.max(...values)}`;
  return {
    tables: [
      tableOf(`Clients that connect to ${SUBSET} of ten servers`, [
        {
          policy: name,
          clients: String(sizes.length),
          'servers of each client': range(sizes),
          'clients of each server': range(connections),
        },
      ]),
    ],
    verdicts: [
      {
        target: `${name}: a client connects to exactly ${SUBSET} servers`,
        measured: range(sizes),
        met: sizes.every((size) => size === SUBSET) && sum(connections) === SUBSET * sizes.length,
      },
    ],
  };
}

export async function promises(bench: Bench): Promise<Promised> {
  const tables: Promised['tables'][number][] = [];
  const verdicts: Verdict[] = [];
  for (const part of [slowStart, weights, groupFailover, requestLimit, subsetting]) {
    const report = await part(bench);
    tables.push(...report.tables);
    verdicts.push(...report.verdicts);
  }
  return { tables, verdicts };
}
