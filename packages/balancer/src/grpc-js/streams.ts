/**
 * The streams of a connection. A server says how many may be open on it at a time (SETTINGS_MAX_CONCURRENT_STREAMS), and Node.js
 * lets the RPCs beyond them wait, in silence. grpc-js tells neither number, so they are read where it keeps them (B25).
 */
import type { experimental } from '@grpc/grpc-js';
import { reportUnknownVersion } from './unknown-version.js';

type SubchannelInterface = experimental.SubchannelInterface;

/** What grpc-js's subchannel looks like inside; null where it has no connection. */
interface Connected {
  readonly transport?: {
    /** Those that wait are among them. */
    readonly activeCalls?: { readonly size: number };
    readonly session?: { readonly remoteSettings?: { readonly maxConcurrentStreams?: number } };
  } | null;
}

/** False for a moment after the subchannel has become READY (B26). */
export function hasTransport(subchannel: SubchannelInterface): boolean {
  return transportOf(subchannel) !== null;
}

/**
 * How many more streams may be opened: 0 on a connection that is full, and below it the number of RPCs that wait there.
 *
 * @param most how many the program allows itself
 * @param own the RPCs that are known to run there: what is counted by where grpc-js's own number cannot be read
 */
export function roomOn(subchannel: SubchannelInterface, most: number, own: number): number {
  const transport = transportOf(subchannel);
  if (transport !== null && (transport?.activeCalls === undefined || transport.session === undefined))
    reportUnknownVersion(
      'keeps the streams of a connection: RPCs that wait for one are not told of, and connectionScaling makes no further ' +
        'connection unless the channel option petiole.max_concurrent_streams says how many a server allows',
    );
  return Math.min(streamsAllowedOn(subchannel), most) - (transport?.activeCalls?.size ?? own);
}

/** How many RPCs wait there for a stream. */
export function waitersOn(subchannel: SubchannelInterface): number {
  return Math.max(0, -roomOn(subchannel, Infinity, 0));
}

/** How many streams the server allows at a time; Infinity if that is unknown. */
export function streamsAllowedOn(subchannel: SubchannelInterface): number {
  return transportOf(subchannel)?.session?.remoteSettings?.maxConcurrentStreams ?? Infinity;
}

function transportOf(subchannel: SubchannelInterface): Connected['transport'] {
  return (subchannel.getRealSubchannel() as object as Connected).transport;
}
