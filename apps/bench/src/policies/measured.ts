/** One situation, measured: every policy in turn on the same servers, each time with new channels. */
import { status } from '@grpc/grpc-js';
import type { BenchChannelOptions } from '../bench-channel.js';
import { Child, type Packages, withChildren } from '../child.js';
import { percentile } from '../statistics.js';
import { inTurns } from '../throughput.js';
import type { ClientHandlers } from './client-process.js';
import type { Load, Outcome } from './load.js';
import type { ServersHandlers } from './server-process.js';
import { type Candidate, DEADLINE_MS, ROUND_ROBIN, type Situation } from './situations.js';

export type Servers = Child<ServersHandlers>;
export type Clients = Child<ClientHandlers>;

/** The servers and clients of one measurement, gone when it has ended. */
export function onFleet<T>(
  packages: Packages,
  body: (servers: Servers, clients: Clients) => Promise<T>,
): Promise<T> {
  return withChildren(async (keep) => {
    const start = <H extends ServersHandlers | ClientHandlers>(script: string) =>
      Child.start<H>(`policies/${script}`, { packages });
    const servers = keep(await start<ServersHandlers>('server-process.ts'));
    return body(servers, keep(await start<ClientHandlers>('client-process.ts')));
  });
}

export interface Plan {
  readonly packages: Packages;
  readonly quick: boolean;
  /** How often each policy has its turn. */
  readonly rounds: number;
}

/** The load that a client has before it is measured: it connects, and learns what it can. */
const warmUp = (quick: boolean): Load => ({ perSecond: 200, ms: quick ? 100 : 400 });

interface Turn {
  readonly outcomes: readonly Outcome[];
  /** What each server had; with retries, more than there were RPCs. */
  readonly requests: readonly number[];
}

export interface Measured {
  readonly name: string;
  /** Milliseconds; a failed RPC counts as the deadline. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly rpcs: number;
  readonly failed: number;
  /** Of all that servers had: each server's part. */
  readonly shares: readonly number[];
}

const OK: status = status.OK;

function summary({ name }: Candidate, turns: readonly Turn[]): Measured {
  const outcomes = turns.flatMap((turn) => turn.outcomes);
  const times = outcomes.map(({ ms, code }) => (code === OK ? ms : Math.max(ms, DEADLINE_MS)));
  const requests = (turns[0]?.requests ?? []).map((_, server) =>
    turns.reduce((sum, turn) => sum + (turn.requests[server] ?? 0), 0),
  );
  const all = requests.reduce((sum, count) => sum + count, 0);
  return {
    name,
    p50: percentile(times, 0.5),
    p90: percentile(times, 0.9),
    p99: percentile(times, 0.99),
    rpcs: outcomes.length,
    failed: outcomes.filter(({ code }) => code !== OK).length,
    shares: requests.map((count) => count / all),
  };
}

type Endpoints = BenchChannelOptions['endpoints'];

async function takeTurn(
  servers: Servers,
  clients: Clients,
  options: { situation: Situation; candidate: Candidate; endpoints: Endpoints; quick: boolean },
): Promise<Turn> {
  const { situation, candidate, endpoints, quick } = options;
  const { clients: count = 1, joins = false, methodConfig } = situation;
  await clients.ask('open', {
    count,
    policy: candidate.policy,
    endpoints: joins ? endpoints.slice(1) : endpoints,
    deadlineMs: DEADLINE_MS,
    ...(methodConfig ? { methodConfig } : {}),
  });
  await clients.ask('load', warmUp(quick));
  await servers.ask('takeCounts', undefined);
  if (joins) await clients.ask('resolve', endpoints);
  const outcomes = await clients.ask('load', situation.load(quick));
  const counts = await servers.ask('takeCounts', undefined);
  await clients.ask('close', undefined);
  return { outcomes, requests: counts.map(({ requests }) => requests) };
}

export function measureSituation(
  situation: Situation,
  { packages, quick, rounds }: Plan,
): Promise<Measured[]> {
  return onFleet(packages, async (servers, clients) => {
    const { candidates, weight } = situation;
    const turns = candidates.map((): Turn[] => []);
    const order = Array.from({ length: rounds }, (_, round) =>
      inTurns(round, [...candidates.entries()]),
    ).flat();
    // The first turn is not counted: in it, the processes compile their code.
    for (const [index, candidate] of [[-1, ROUND_ROBIN] as const, ...order]) {
      // New servers: one that was cold has become warm.
      const addresses = await servers.ask('start', situation.servers);
      const endpoints = addresses.map((address, server) =>
        weight !== undefined && server === 0 ? { addresses: [address], attributes: { weight } } : address,
      );
      turns[index]?.push(await takeTurn(servers, clients, { situation, candidate, endpoints, quick }));
    }
    return candidates.map((candidate, index) => summary(candidate, turns[index] ?? []));
  });
}
