/** One situation, measured: every policy in turn on the same servers, each time with new channels. */
import { status } from '@grpc/grpc-js';
import { Child, withChildren } from '../load/child.js';
import { inTurns } from '../load/throughput.js';
import { percentile } from '../report/statistics.js';
import type { ClientHandlers } from './client-process.js';
import type { Load, Outcome } from './load.js';
import type { ServersHandlers } from './server-process.js';
import { type Candidate, DEADLINE_MS, type Situation } from './situations.js';

/** The servers and the clients, each in a process, and how much is measured. */
export interface Bench {
  readonly servers: Child<ServersHandlers>;
  readonly clients: Child<ClientHandlers>;
  readonly quick: boolean;
  /** How often each policy has its turn. */
  readonly rounds: number;
}

/** Its processes are gone when `body` has ended. */
export function withBench<T>(quick: boolean, body: (bench: Bench) => Promise<T>): Promise<T> {
  const packages = quick ? 'source' : 'dist';
  return withChildren(async (keep) => {
    const servers = keep(await Child.start<ServersHandlers>('policies/server-process.ts', { packages }));
    const clients = keep(await Child.start<ClientHandlers>('policies/client-process.ts', { packages }));
    return body({ servers, clients, quick, rounds: quick ? 1 : 2 });
  });
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

/** New servers, as one that was cold has become warm, and new channels. */
async function takeTurn(
  { servers, clients, quick }: Bench,
  situation: Situation,
  { policy }: Candidate,
): Promise<Turn> {
  const { clients: count = 1, joins = false, weight, methodConfig } = situation;
  const addresses = await servers.ask('start', situation.servers);
  const endpoints = addresses.map((address, server) =>
    weight !== undefined && server === 0 ? { addresses: [address], attributes: { weight } } : address,
  );
  await clients.ask('open', {
    count,
    policy,
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

export async function measureSituation(bench: Bench, situation: Situation): Promise<Measured[]> {
  const { candidates } = situation;
  const turns = candidates.map((): Turn[] => []);
  for (let round = 0; round < bench.rounds; round++) {
    for (const [index, candidate] of inTurns(round, [...candidates.entries()]))
      turns[index]?.push(await takeTurn(bench, situation, candidate));
  }
  return candidates.map((candidate, index) => summary(candidate, turns[index] ?? []));
}
