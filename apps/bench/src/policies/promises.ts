/** What single policies promise, each in a measurement of its own: slow start, weights, failover, limits and subsets. */
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { BenchChannelOptions } from '../bench-channel.js';
import { percent, type Report, type Row, tableOf, type Verdict } from '../report.js';
import type { Load, Outcome } from './load.js';
import type { Bench } from './measured.js';
import type { Behaviour } from './server-process.js';
import { type Candidate, LEAST_REQUEST, named, USUAL_MS, WEIGHTED } from './situations.js';

type Promised = Pick<Report, 'tables' | 'verdicts'>;

const OK: status = status.OK;
const failedOf = (outcomes: readonly Outcome[]): number => outcomes.filter(({ code }) => code !== OK).length;
const fleet = (count: number, ms = USUAL_MS): Behaviour[] => Array(count).fill({ does: 'answer', ms });
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** What each server has had since the last time. */
async function takeRequests({ servers }: Bench): Promise<number[]> {
  return (await servers.ask('takeCounts', undefined)).map(({ requests }) => requests);
}

/** One channel, connected to all that it will connect to. */
async function open({ servers, clients }: Bench, options: BenchChannelOptions): Promise<void> {
  await clients.ask('open', { ...options, count: 1 });
  await clients.ask('load', { perSecond: 100, ms: 300 });
  await servers.ask('takeCounts', undefined);
}

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

/** Groups of servers, of which the first one is stopped under load, and started again. */
interface Groups {
  readonly candidate: Candidate;
  readonly attribute: 'priority' | 'zone';
  readonly groups: readonly { readonly name: number | string; readonly servers: number }[];
  /** The groups' shares by the policy's rule, while all are up and while the first one is down. */
  readonly rule: { readonly up: readonly number[]; readonly down: readonly number[] };
}

const FAILOVERS: readonly Groups[] = [
  {
    candidate: named({ priority_first: {} }),
    attribute: 'priority',
    groups: [0, 1].map((name) => ({ name, servers: 2 })),
    rule: { up: [1, 0], down: [0, 1] },
  },
  {
    candidate: named({ zone_first: { zone: 'a' } }),
    attribute: 'zone',
    groups: [
      { name: 'a', servers: 2 },
      { name: 'b', servers: 6 },
      { name: 'c', servers: 7 },
    ],
    // A zone's part is 5 of 15 servers: a can bear 2/5, and the rest goes to b and c as 1 and 2, which they have above it. Then
    // it is 13/3: they have 5/3 and 8/3 above it.
    rule: { up: [2 / 5, 1 / 5, 2 / 5], down: [0, 5 / 13, 8 / 13] },
  },
];

async function failover(bench: Bench): Promise<Promised> {
  const { servers, clients, quick } = bench;
  const perSecond = 800;
  const phase: Load = { perSecond, ms: quick ? 300 : 2000 };
  /** In which connections are made or lost. */
  const change: Load = { perSecond, ms: 900 };
  const rows: Row[] = [];
  const verdicts: Verdict[] = [];
  for (const { candidate, attribute, groups, rule } of FAILOVERS) {
    const members = groups.flatMap(({ name, servers }) => Array<number | string>(servers).fill(name));
    const ofGroup = (index: number): number[] =>
      [...members.keys()].filter((server) => members[server] === groups[index]?.name);
    const shares = (had: readonly number[]): number[] =>
      groups.map((_, index) => sum(ofGroup(index).map((server) => had[server] ?? 0)) / sum(had));
    const addresses = await servers.ask('start', fleet(members.length));
    const endpoints = addresses.map((address, server) => ({
      addresses: [address],
      attributes: { [attribute]: members[server] },
    }));
    await open(bench, { policy: candidate.policy, endpoints, methodConfig: [] });
    const outcomes: Outcome[] = [];
    const sharesOfPhase = async (): Promise<number[]> => {
      await takeRequests(bench);
      outcomes.push(...(await clients.ask('load', phase)));
      return shares(await takeRequests(bench));
    };
    const underLoad = async (what: 'stop' | 'restart'): Promise<void> => {
      const load = clients.ask('load', change);
      for (const server of ofGroup(0)) {
        // grpc-js sends an RPC again that a server refuses as it stops, but once: nobody else may stop meanwhile.
        await sleep(change.ms / 6);
        await servers.ask(what, server);
      }
      outcomes.push(...(await load));
    };
    const up = await sharesOfPhase();
    await underLoad('stop');
    const down = await sharesOfPhase();
    await underLoad('restart');
    const again = await sharesOfPhase();
    await clients.ask('close', undefined);
    const lost = failedOf(outcomes);
    const cell = (parts: readonly number[]): string => parts.map(percent).join(' / ');
    rows.push({
      policy: candidate.name,
      groups: groups.map(({ name, servers: count }) => `${name}: ${count}`).join(', '),
      RPCs: String(outcomes.length),
      failed: String(lost),
      'shares while all are up': cell(up),
      'the first group down': cell(down),
      'up again': cell(again),
      'by the rule': `${cell(rule.up)}, then ${cell(rule.down)}`,
    });
    const off = [...up, ...down, ...again].map(
      (share, index) => share - ([...rule.up, ...rule.down, ...rule.up][index] ?? 0),
    );
    const worst = Math.max(...off.map(Math.abs));
    verdicts.push(
      {
        target: `${candidate.name}: no RPC fails when the first group goes and when it is back`,
        measured: `${lost} of ${outcomes.length}`,
        met: lost === 0,
      },
      {
        target: `${candidate.name}: shares within 5 points of the rule`,
        measured: `${(100 * worst).toFixed(1)} points off at most`,
        met: worst <= 0.05,
      },
    );
  }
  return {
    tables: [
      tableOf('The servers of a group are stopped under load, one after another, and started again', rows),
    ],
    verdicts,
  };
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
  for (const part of [slowStart, weights, failover, requestLimit, subsetting]) {
    const report = await part(bench);
    tables.push(...report.tables);
    verdicts.push(...report.verdicts);
  }
  return { tables, verdicts };
}
