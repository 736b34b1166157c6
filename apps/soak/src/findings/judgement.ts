/**
 * Was an RPC allowed to fail? Only with its connection, while its server was
 * down or frozen, or while all servers were down: judged by what was done to
 * the servers, and by what the client saw of its connections.
 */
import { status as Status } from '@grpc/grpc-js';
import type { Outage, ServerHistory } from '../peers/backend.js';
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

/** What a judgement needs to know of the time in which the RPC ran. */
export interface Circumstances {
  readonly servers: readonly ServerHistory[];
  /** All servers were down for a while, and the policy had no READY endpoint. */
  readonly nobodyReady: boolean;
  /** Milliseconds that the client's event loop has stood still since then: news waited so long. */
  readonly stalledSince: (time: number) => number;
}

/** Undefined if the failure is explained, else what is wrong with it. */
export function unexplained(
  rpc: EndedRpc,
  { servers, nobodyReady, stalledSince }: Circumstances,
): string | undefined {
  const { connection, code, details, method, startedAt, sentAt, endedAt } = rpc;
  const what = `a ${method} RPC failed after ${Math.round(endedAt - startedAt)} ms with ${Status[code]} (${details})`;
  if (connection === undefined) {
    return nobodyReady ? undefined : `${what}, never sent, though not all servers were down`;
  }
  const { address } = connection;
  const outages = servers.find((server) => server.address === address)?.outages ?? [];
  const during = (kind: Outage['kind'], slackMs: number) =>
    outages.some(
      (outage) =>
        outage.kind === kind &&
        outage.from <= endedAt &&
        outage.to + slackMs + stalledSince(outage.to) >= sentAt,
    );
  if (code === Status.DEADLINE_EXCEEDED && during('frozen', CATCH_UP_MS)) return undefined;
  const lost = connection.lostAt <= endedAt + NEWS_MS;
  if (lost && during('dead', NEWS_MS)) return undefined;
  const last = outages.at(-1);
  const before = last
    ? `; the server was last ${last.kind} from ${Math.round(last.from - sentAt)} to ${Math.round(last.to - sentAt)} ms after it was sent`
    : '';
  return `${what} on ${address}, ${lost ? 'whose connection died although its server lived' : 'whose connection lives'}${before}`;
}
