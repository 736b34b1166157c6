/**
 * What a process holds that a closed client must give back: heap, handles,
 * timers, grpc-js's channels, subchannels and sockets as channelz counts them, and the policies of channels.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { experimental, getChannelzHandlers } from '@grpc/grpc-js';

export interface Holdings {
  readonly heapMiB: number;
  /** What keeps the process alive: sockets, pipes, child processes, timers that are not unref'd. */
  readonly handles: Readonly<Record<string, number>>;
  /** Timers that have not fired and were not cleared, unref'd ones too, wherever on the heap they are. */
  readonly timers: number;
  /** Instances of grpc-js's class that has the policy of a channel. */
  readonly policies: number;
  readonly channels: number;
  readonly subchannels: number;
  readonly sockets: number;
}

/** Compiled code and inline caches grow by about 3; 500 bytes that each RPC leaks make more than this in a minute. */
const HEAP_SLACK_MIB = 8;
/** Sockets close and timers end within that. */
const SETTLE_MS = 15_000;
const LOOK_EVERY_MS = 250;
/** Channelz numbers its entities from 1. After so many unknown numbers there are no more. */
const MAX_GAP = 5000;

type Answer = (error: object | null, value?: { channel?: readonly unknown[] }) => void;
type Handler = (call: { readonly request: object }, answer: Answer) => void;

// They take whole server calls, of which they read the request.
const channelz = getChannelzHandlers() as unknown as Readonly<
  Record<'GetTopChannels' | 'GetSubchannel' | 'GetSocket', Handler>
>;

// `global.gc` by its flag, so that nobody has to start the soak with it.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const probe = setTimeout(() => {}, 0);
const Timeout = probe.constructor as new () => NodeJS.Timeout;
clearTimeout(probe);

export class HoldingsLog {
  #highestSubchannel = 0;
  #highestSocket = 0;

  /** What is held now. */
  measure(): Holdings {
    collectGarbage();
    const handles: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
    const subchannels = count('GetSubchannel', 'subchannel_id', this.#highestSubchannel);
    const sockets = count('GetSocket', 'socket_id', this.#highestSocket);
    this.#highestSubchannel = subchannels.highest;
    this.#highestSocket = sockets.highest;
    return {
      timers: activeTimers(),
      heapMiB: Math.round((process.memoryUsage().heapUsed / 2 ** 20) * 10) / 10,
      handles,
      // Whoever holds what is in a channel that was closed, which channelz no longer counts, holds its policy.
      policies: queryObjects(experimental.ChildLoadBalancerHandler, { format: 'count' }),
      channels: topChannels(),
      subchannels: subchannels.found,
      sockets: sockets.found,
    };
  }

  /** Measures until no more is held than before, for a bounded time; answers with the last measurement. */
  async settle(before?: Holdings): Promise<Holdings> {
    const end = performance.now() + SETTLE_MS;
    let previous = this.measure();
    while (performance.now() < end) {
      await pause(LOOK_EVERY_MS);
      const now = this.measure();
      const settled = before ? excess(before, now).length === 0 : excess(previous, now).length === 0;
      previous = now;
      if (settled) break;
    }
    return previous;
  }
}

/** What is held beyond the start's level: `12 timers, 3 at the start`. */
export function excess(before: Holdings, after: Holdings): string[] {
  const found: string[] = [];
  const compare = (what: string, now: number, then: number, slack = 0) => {
    if (now > then + slack) found.push(`${now} ${what}, ${then} at the start`);
  };
  compare('MiB of heap', after.heapMiB, before.heapMiB, HEAP_SLACK_MIB);
  for (const [kind, now] of Object.entries(after.handles)) compare(kind, now, before.handles[kind] ?? 0);
  compare('timers', after.timers, before.timers);
  compare('policies', after.policies, before.policies);
  compare('channels', after.channels, before.channels);
  compare('subchannels', after.subchannels, before.subchannels);
  compare('sockets', after.sockets, before.sockets);
  return found;
}

/** Node keeps its list of timers to itself; the heap has each of them, and says of each whether it is over. */
function activeTimers(): number {
  const found = queryObjects(Timeout, { format: 'summary' });
  return found.filter((timer) => timer.includes('_destroyed: false')).length;
}

function topChannels(): number {
  let found = 0;
  channelz.GetTopChannels({ request: { start_channel_id: 0, max_results: 1000 } }, (_, value) => {
    found = value?.channel?.length ?? 0;
  });
  return found;
}

function count(
  method: 'GetSubchannel' | 'GetSocket',
  key: string,
  known: number,
): { found: number; highest: number } {
  let found = 0;
  let highest = known;
  for (let id = 1; id < highest + MAX_GAP; id++) {
    channelz[method]({ request: { [key]: id } }, (error) => {
      if (error) return;
      found++;
      highest = Math.max(highest, id);
    });
  }
  return { found, highest };
}
