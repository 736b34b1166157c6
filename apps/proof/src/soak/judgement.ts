/**
 * Was an RPC allowed to fail? Only with its connection, while its server was
 * down or frozen, or while no endpoint was READY: judged by what was done to
 * the servers, and by what the client saw of its connections.
 */
import { status as Status } from '@grpc/grpc-js';
import type { Backend, Outage } from './backend.js';
import type { ReadyEndpoints } from './ready-endpoints.js';
import type { EndedRpc } from './rpc.js';

/** A client may learn of a dead connection so much later than the soak: both share a busy machine. */
const NEWS_MS = 2000;

/** A thawed server works off what has piled up. */
const CATCH_UP_MS = 2000;

/** How late the end of an RPC may come after its deadline. */
export const DEADLINE_SLACK_MS = 1000;

/** A deadline passed, and the client could not do anything for so much of the time. */
const STARVED_SHARE = 0.25;

/** Did the machine, not the network or the policy, make the RPC miss its deadline? */
export function isStarved({ code, stalledMs, startedAt, endedAt }: EndedRpc): boolean {
  return code === Status.DEADLINE_EXCEEDED && stalledMs > STARVED_SHARE * (endedAt - startedAt);
}

/** Undefined if the failure is explained, else what is wrong with it. `ready` is unknown for grpc-js's own policies. */
export function unexplained(
  rpc: EndedRpc,
  backends: readonly Backend[],
  ready: ReadyEndpoints | undefined,
): string | undefined {
  const { connection, code, details, method, startedAt, sentAt, endedAt } = rpc;
  const what = `a ${method} RPC failed after ${Math.round(endedAt - startedAt)} ms with ${Status[code]} (${details})`;
  if (connection === undefined) {
    return ready?.neverEmptySince(startedAt)
      ? `${what}, never sent, with READY endpoints all the time`
      : undefined;
  }
  const { address } = connection;
  const outages = backends.find((backend) => backend.address === address)?.outages ?? [];
  const during = (kind: Outage['kind'], slackMs: number) =>
    outages.some((outage) => outage.kind === kind && outage.from <= endedAt && outage.to + slackMs >= sentAt);
  if (code === Status.DEADLINE_EXCEEDED && during('frozen', CATCH_UP_MS)) return undefined;
  // A connection of before the outage: a server that died and came back within the news is another one.
  const lost = connection.lostAt >= sentAt && connection.lostAt <= endedAt + NEWS_MS;
  if (lost && during('dead', NEWS_MS)) return undefined;
  const last = outages.at(-1);
  const before = last
    ? `; the server was last ${last.kind} from ${Math.round(last.from - sentAt)} to ${Math.round(last.to - sentAt)} ms after it was sent`
    : '';
  return `${what} on ${address}, ${lost ? 'whose connection died although its server lived' : 'whose connection lives'}${before}`;
}
