/**
 * RPCs that wait: for the name to be resolved, for a connection to be picked, or for a stream, when the server allows no
 * more of them at a time. Nothing is counted on the way: who wants to know looks at grpc-js's own queues (fact O7).
 */
import { type ChannelInterface, connectivityState as State } from '@grpc/grpc-js';
import type { InternalChannel } from './internals.js';
import { openConnections } from './subchannels.js';
import { targetOf } from './targets.js';

export type WaitingFor = 'name resolution' | 'pick' | 'stream';

interface Queues {
  readonly configSelectionQueue?: { readonly length: number };
  readonly pickQueue?: { readonly size: number };
}

interface Connected {
  readonly transport?: {
    readonly activeCalls?: { readonly size: number };
    readonly session?: { readonly remoteSettings?: { readonly maxConcurrentStreams?: number } };
  };
}

/** Stands on every channel of the set. */
const REMEMBERED: unique symbol = Symbol('petiole.remembered');

const channels = new Set<WeakRef<ChannelInterface>>();
/** Nobody may ever look at the set. */
const collected = new FinalizationRegistry<WeakRef<ChannelInterface>>((reference) =>
  channels.delete(reference),
);

/** Every channel that is used; called for each RPC. */
export function remember(channel: ChannelInterface & { [REMEMBERED]?: true }): void {
  if (channel[REMEMBERED]) return;
  channel[REMEMBERED] = true;
  const reference = new WeakRef(channel);
  channels.add(reference);
  collected.register(channel, reference);
}

/** Tells of every open channel, and of every target with connections, with 0 where none waits. */
export function eachWaiting(tell: (target: string, what: WaitingFor, count: number) => void): void {
  for (const channel of openChannels()) {
    const { configSelectionQueue, pickQueue } = queuesOf(channel);
    tell(targetOf(channel), 'name resolution', configSelectionQueue?.length ?? 0);
    tell(targetOf(channel), 'pick', pickQueue?.size ?? 0);
  }
  for (const [target, connections] of openConnections()) {
    let count = 0;
    for (const subchannel of connections.keys()) count += beyondLimit(subchannel as Connected);
    tell(target, 'stream', count);
  }
}

/** The targets, as grpc-js writes them, of channels that are not closed. */
export function openTargets(): Set<string> {
  return new Set(Array.from(openChannels(), targetOf));
}

function* openChannels(): Iterable<ChannelInterface> {
  for (const reference of channels) {
    const channel = reference.deref();
    if (channel === undefined || channel.getConnectivityState(false) === State.SHUTDOWN)
      channels.delete(reference);
    else yield channel;
  }
}

function queuesOf(channel: ChannelInterface): Queues {
  return (channel as { internalChannel?: Queues & Partial<InternalChannel> }).internalChannel ?? {};
}

/** Node.js numbers a stream that has to wait as any other, and tells nobody of it. */
function beyondLimit({ transport }: Connected): number {
  const streams = transport?.activeCalls?.size ?? 0;
  const limit = transport?.session?.remoteSettings?.maxConcurrentStreams ?? Infinity;
  return Math.max(0, streams - limit);
}
