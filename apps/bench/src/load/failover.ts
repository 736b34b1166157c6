/**
 * How soon a client leaves an endpoint that has died or does not serve, and how soon it finds the IPv4 address behind
 * an IPv6 address that accepts connections and says nothing.
 */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { figure, type Report, type Verdict } from '../report/report.js';
import { median, percentile } from '../report/statistics.js';
import { Child, machineMs, type Packages, withChildren } from './child.js';
import type { FailoverHandlers, Watched } from './failover-process.js';
import type { ServerHandlers } from './server-process.js';

const ROUND_ROBIN: LoadBalancingConfig = { round_robin: {} };
const PICK_FIRST: LoadBalancingConfig = { pick_first: {} };
const OURS: readonly LoadBalancingConfig[] = [
  { custom_round_robin: { repeatCount: 1 } },
  { least_request: {} },
];

/** Not 127.0.0.1, from whose ports connections are made: one could take the port of a server that is down. */
const HOSTS = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
const ATTEMPT_DELAY_MS = 250;

const FULL = { deaths: 8, flips: 20, channels: 15 };
const QUICK = { deaths: 1, flips: 2, channels: 2 };

interface RunningServer {
  readonly host: string;
  readonly port: number;
  process: Child<ServerHandlers>;
}

type Keep = <C extends { kill(): Promise<void> }>(child: C) => C;

async function startServer(
  host: string,
  port: number,
  packages: Packages,
  keep: Keep,
): Promise<RunningServer> {
  const process = keep(await Child.start<ServerHandlers>('load/server-process.ts', { packages }));
  const [bound = 0] = await process.ask('listen', { host, ports: [port] });
  return { host, port: bound, process };
}

const nameOf = (policy: LoadBalancingConfig): string => Object.keys(policy)[0] ?? '';
const addressOf = ({ host, port }: RunningServer): string => `${host}:${port}`;

/** A client under load on three servers, and the next server in turn. */
async function underLoad<T>(
  policy: LoadBalancingConfig,
  options: { packages: Packages; healthCheck: boolean; rounds: number },
  round: (client: Child<FailoverHandlers>, server: RunningServer, keep: Keep) => Promise<T>,
): Promise<T[]> {
  const { packages, healthCheck, rounds } = options;
  return withChildren(async (keep) => {
    const servers = await Promise.all(HOSTS.map((host) => startServer(host, 0, packages, keep)));
    const client = keep(await Child.start<FailoverHandlers>('load/failover-process.ts', { packages }));
    await client.ask('open', { policy, endpoints: servers.map(addressOf), healthCheck });
    const results: T[] = [];
    for (let i = 0; i < rounds; i++) {
      const server = servers[i % servers.length];
      if (server === undefined) break;
      await client.ask('watch', addressOf(server));
      results.push(await round(client, server, keep));
    }
    await client.ask('close', undefined);
    return results;
  });
}

interface Death extends Watched {
  readonly killed: number;
  readonly failed: number;
}

function deaths(policy: LoadBalancingConfig, packages: Packages, rounds: number): Promise<Death[]> {
  return underLoad(policy, { packages, healthCheck: false, rounds }, async (client, server, keep) => {
    const killed = machineMs();
    await server.process.kill();
    const seen = await client.ask('afterDeath', undefined);
    const { process } = await startServer(server.host, server.port, packages, keep);
    server.process = process;
    return { ...seen, killed };
  });
}

/** Milliseconds from NOT_SERVING, as the server wrote it, to the last pick of the endpoint. */
function flips(
  policy: LoadBalancingConfig,
  packages: Packages,
  rounds: number,
): Promise<{ ms: number; failed: number }[]> {
  return underLoad(policy, { packages, healthCheck: true, rounds }, async (client, server) => {
    const written = await server.process.ask('setHealth', false);
    const { lastPick = written, failed } = await client.ask('afterChange', undefined);
    await server.process.ask('setHealth', true);
    return { ms: Math.max(0, lastPick - written), failed };
  });
}

async function silentPeer(packages: Packages, times: number): Promise<{ policy: string; ms: number[] }[]> {
  const results: { policy: string; ms: number[] }[] = [];
  for (const policy of [PICK_FIRST, ROUND_ROBIN, ...OURS]) {
    await withChildren(async (keep) => {
      const server = await startServer('127.0.0.1', 0, packages, keep);
      const silent = await server.process.ask('listenInSilence', '::1');
      const client = keep(await Child.start<FailoverHandlers>('load/failover-process.ts', { packages }));
      // What is loaded late is no part of the wait.
      await client.ask('firstAnswers', { policy, endpoint: addressOf(server), times: 1 });
      const endpoint = `[::1]:${silent}+${addressOf(server)}`;
      const ms = await client.ask('firstAnswers', { policy, endpoint, times });
      results.push({ policy: nameOf(policy), ms });
    });
  }
  return results;
}

const summary = (values: readonly number[]): string =>
  values.length === 0 ? 'none' : `${figure(median(values))} (at most ${figure(percentile(values, 1))}) ms`;

/** From one moment to another, of the rounds in which both came. */
function between(all: readonly Death[], from: keyof Watched | 'killed', to: keyof Watched): number[] {
  return all.flatMap((death) => {
    const start = death[from];
    const end = death[to];
    return start === undefined || end === undefined ? [] : [end - start];
  });
}

export async function failover(quick: boolean): Promise<Report> {
  const packages: Packages = quick ? 'source' : 'dist';
  const plan = quick ? QUICK : FULL;
  const verdicts: Verdict[] = [];

  const deathRows: string[][] = [];
  for (const policy of [ROUND_ROBIN, ...OURS]) {
    const all = await deaths(policy, packages, plan.deaths);
    const after = all.reduce((sum, { sentAfterClose }) => sum + sentAfterClose, 0);
    const rpcsFailed = all.reduce((sum, { failed }) => sum + failed, 0);
    deathRows.push([
      nameOf(policy),
      String(all.length),
      summary(between(all, 'killed', 'closed')),
      summary(between(all, 'killed', 'lastSent')),
      summary(between(all, 'closed', 'lastSent')),
      String(after),
      String(rpcsFailed),
    ]);
    if (policy !== ROUND_ROBIN) {
      verdicts.push({
        target: `${nameOf(policy)}: no RPC is sent on a connection after its close event`,
        measured: `${after} in ${all.length} deaths`,
        met: after === 0,
      });
    }
  }

  const silentRows: string[][] = [];
  for (const { policy, ms } of await silentPeer(packages, plan.channels)) {
    const beyond = ms.map((value) => value - ATTEMPT_DELAY_MS);
    silentRows.push([policy, String(ms.length), summary(ms), summary(beyond)]);
    if (OURS.some((ours) => nameOf(ours) === policy)) {
      const worst = percentile(beyond, 1);
      verdicts.push({
        target: `${policy}: an answer over IPv4 within 50 ms of the ${ATTEMPT_DELAY_MS} ms attempt delay (median)`,
        measured: `${figure(median(beyond))} ms, at most ${figure(worst)} ms`,
        met: median(beyond) <= 50,
      });
    }
  }

  const flipRows: string[][] = [];
  for (const policy of OURS) {
    const all = await flips(policy, packages, plan.flips);
    const ms = all.map((flip) => flip.ms);
    const failed = all.reduce((sum, flip) => sum + flip.failed, 0);
    flipRows.push([nameOf(policy), String(all.length), summary(ms), String(failed)]);
    verdicts.push({
      target: `${nameOf(policy)}: the last pick within 5 ms of NOT_SERVING (median)`,
      measured: `${figure(median(ms))} ms, at most ${figure(percentile(ms, 1))} ms`,
      met: median(ms) <= 5,
    });
  }

  return {
    tables: [
      {
        title: 'A server is killed (SIGKILL) under load',
        columns: [
          'policy',
          'deaths',
          'kill to close event',
          'kill to last RPC sent',
          'close event to last RPC sent',
          'RPCs sent after it',
          'RPCs failed',
        ],
        rows: deathRows,
      },
      {
        title: 'The IPv6 address accepts connections and says nothing',
        columns: ['policy', 'channels', 'first answer', 'beyond the attempt delay'],
        rows: silentRows,
      },
      {
        title: 'A server says NOT_SERVING under load',
        columns: ['policy', 'changes', 'written to last pick', 'RPCs failed'],
        rows: flipRows,
      },
    ],
    verdicts,
    notes: [
      'Three servers, 4 RPCs at a time without a pause. Times are medians and the longest; a negative one lies before the close event. RPCs that fail were in flight on the connection that died. grpc-js has no client-side health checking to compare the last table with.',
    ],
  };
}
