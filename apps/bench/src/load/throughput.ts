/**
 * Unary RPCs per second, CPU per RPC and latency of each policy. All clients are alive at once and take turns in short
 * slices, forwards and backwards, so that noise meets all of them; new processes in each generation, so that no
 * process's luck with the compiler decides.
 */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { figure, type Report, ratio, type Verdict } from '../report/report.js';
import { median, pairedRatios, percentile, spread } from '../report/statistics.js';
import { Child, type Packages, withChildren } from './child.js';
import type { ServerHandlers } from './server-process.js';
import type { SliceResult, ThroughputClient, ThroughputHandlers } from './throughput-process.js';

const OURS: readonly LoadBalancingConfig[] = [
  { custom_round_robin: { repeatCount: 1 } },
  { least_request: {} },
  { peak_ewma: {} },
];

interface Compared {
  readonly name: string;
  readonly how: ThroughputClient;
  /** Least share of the first client's RPC/s that it is to have, if there is one. */
  readonly target?: number;
}

export interface Group {
  readonly servers: number;
  readonly clients: readonly Compared[];
}

const clientOf = (policy: LoadBalancingConfig): Compared => ({
  name: Object.keys(policy)[0] ?? '',
  how: { policy },
});

const groupOf = (servers: number, target: number, reference: LoadBalancingConfig): Group => ({
  servers,
  clients: [clientOf(reference), ...OURS.map((policy) => ({ ...clientOf(policy), target }))],
});

const GROUPS: readonly Group[] = [
  groupOf(3, 0.99, { round_robin: {} }),
  groupOf(1, 0.97, { pick_first: {} }),
];

/** Slices are short, so that those that are compared meet the same noise. */
const FULL = { generations: 4, rounds: 40, warmUp: 6000, rpcs: 500, inFlight: 32, oneByOne: 50 };
const QUICK = { generations: 1, rounds: 2, warmUp: 50, rpcs: 50, inFlight: 8, oneByOne: 10 };

interface Client extends Compared {
  readonly busy: SliceResult[];
  readonly oneByOne: SliceResult[];
}

/** Forwards in even rounds, backwards in odd ones. */
export function inTurns<T>(round: number, items: readonly T[]): T[] {
  return round % 2 === 0 ? [...items] : [...items].reverse();
}

async function measureGroup(group: Group, packages: Packages, plan: typeof FULL): Promise<Client[]> {
  const clients = group.clients.map((client): Client => ({ ...client, busy: [], oneByOne: [] }));
  for (let generation = 0; generation < plan.generations; generation++) {
    await withChildren(async (keep) => {
      const server = keep(await Child.start<ServerHandlers>('load/server-process.ts', { packages }));
      const ports = await server.ask('listen', {
        host: '127.0.0.1',
        ports: Array.from({ length: group.servers }, () => 0),
      });
      const endpoints = ports.map((port) => `127.0.0.1:${port}`);
      const processes: { client: Client; process: Child<ThroughputHandlers> }[] = [];
      for (const client of clients) {
        const process = keep(
          await Child.start<ThroughputHandlers>('load/throughput-process.ts', { packages }),
        );
        await process.ask('open', { ...client.how, endpoints });
        await process.ask('run', { rpcs: plan.warmUp, inFlight: plan.inFlight });
        processes.push({ client, process });
      }
      for (let round = 0; round < plan.rounds; round++) {
        for (const { client, process } of inTurns(round, processes)) {
          client.busy.push(await process.ask('run', { rpcs: plan.rpcs, inFlight: plan.inFlight }));
          client.oneByOne.push(await process.ask('run', { rpcs: plan.oneByOne, inFlight: 1 }));
        }
      }
    });
  }
  return clients;
}

function withSpread(values: readonly number[]): string {
  const { median, low, high } = spread(values);
  return `${ratio(median)} (${ratio(low)}–${ratio(high)})`;
}

export async function throughput(quick: boolean): Promise<Report> {
  const report = await compareClients(GROUPS, quick);
  return {
    ...report,
    notes: [
      ...report.notes,
      'The reference is `round_robin` with 3 servers and `pick_first` with one; `custom_round_robin` runs with `repeatCount: 1`, as `round_robin` does.',
    ],
  };
}

/** Compares all clients of a group with its first one. */
export async function compareClients(groups: readonly Group[], quick: boolean): Promise<Report> {
  const plan = quick ? QUICK : FULL;
  const rows: string[][] = [];
  const verdicts: Verdict[] = [];
  for (const group of groups) {
    const clients = await measureGroup(group, quick ? 'source' : 'dist', plan);
    const [reference] = clients;
    if (reference === undefined) continue;
    for (const client of clients) {
      const ratios = (of: (slice: SliceResult) => number): number[] =>
        pairedRatios(client.busy.map(of), reference.busy.map(of));
      const rate = ratios((slice) => slice.rpcsPerSecond);
      const latencies = client.oneByOne.flatMap((slice) => slice.latencies);
      const busy = client.busy.flatMap((slice) => slice.latencies);
      const compared = client !== reference;
      rows.push([
        client.name,
        String(group.servers),
        figure(median(client.busy.map((slice) => slice.rpcsPerSecond))),
        compared ? withSpread(rate) : '1',
        figure(median(client.busy.map((slice) => slice.cpuUs)), 'µs'),
        compared ? withSpread(ratios((slice) => slice.cpuUs)) : '1',
        `${figure(percentile(busy, 0.5))} / ${figure(percentile(busy, 0.99))} ms`,
        `${figure(percentile(latencies, 0.5))} / ${figure(percentile(latencies, 0.99))} ms`,
      ]);
      if (client.target !== undefined) {
        verdicts.push({
          target: `${client.name}: at least ${client.target} of ${reference.name}'s RPC/s`,
          measured: ratio(median(rate)),
          met: median(rate) >= client.target,
        });
      }
    }
  }
  return {
    tables: [
      {
        title: 'Unary RPCs',
        columns: [
          'client',
          'servers',
          'RPC/s',
          'beside the reference',
          'CPU per RPC',
          'beside the reference',
          `p50 / p99, ${plan.inFlight} in flight`,
          'p50 / p99, one by one',
        ],
        rows,
      },
    ],
    verdicts,
    notes: [
      `${plan.generations * plan.rounds} slices of ${plan.rpcs} RPCs for each, in ${plan.generations} generations of processes. Ratios are medians of slices that ran side by side, with the quartiles; CPU is the client's.`,
    ],
  };
}
