/**
 * Connections, as their owner reports them: a subchannel of grpc-js's pool, which several channels of the same target share.
 * Each is seen when the pool hands it out for the first time (fact O6).
 */
import { experimental, connectivityState as State } from '@grpc/grpc-js';
import { type DisconnectError, followDisconnect } from './disconnects.js';
import type { SubchannelPool } from './internals.js';
import { type ConnectionChange, watchers } from './watchers.js';

type Subchannel = experimental.SubchannelInterface;

const targets = new WeakMap<object, string>();
/** With what knows why one ends. */
const open = new Map<string, Map<Subchannel, () => DisconnectError>>();

/** The open connections by target, where there are some. */
export function openConnections(): ReadonlyMap<string, ReadonlyMap<Subchannel, unknown>> {
  return open;
}

/** Undefined if it was not made by a pool that is watched. */
export function targetOf(subchannel: Subchannel): string | undefined {
  return targets.get(subchannel.getRealSubchannel());
}

export function hookSubchannels(pool: SubchannelPool): void {
  const { getOrCreateSubchannel } = pool;
  pool.getOrCreateSubchannel = function (target, ...rest) {
    const subchannel = getOrCreateSubchannel.call(this, target, ...rest);
    if (!targets.has(subchannel)) follow(experimental.uriToString(target), subchannel);
    return subchannel;
  };
}

function follow(target: string, subchannel: Subchannel): void {
  targets.set(subchannel, target);
  if (subchannel.getConnectivityState() === State.READY) opened(target, subchannel);
  subchannel.addConnectivityStateListener((_subchannel, from, to) => {
    const change = changed(target, subchannel, from, to);
    if (change === undefined) return;
    for (const watcher of watchers) watcher.connectionChanged?.(target, change);
  });
}

/** An attempt that is given up, as Happy Eyeballs does, is no change (A94). */
function changed(
  target: string,
  subchannel: Subchannel,
  from: State,
  to: State,
): ConnectionChange | undefined {
  if (to === State.READY) {
    opened(target, subchannel);
    return { kind: 'opened' };
  }
  if (from === State.READY) return { kind: 'closed', error: closed(target, subchannel) };
  return to === State.TRANSIENT_FAILURE ? { kind: 'failed' } : undefined;
}

function opened(target: string, subchannel: Subchannel): void {
  const connections = open.get(target) ?? new Map<Subchannel, () => DisconnectError>();
  open.set(target, connections.set(subchannel, followDisconnect(subchannel)));
}

/** @returns why */
function closed(target: string, subchannel: Subchannel): DisconnectError {
  const connections = open.get(target);
  const error = connections?.get(subchannel)?.() ?? 'unknown';
  connections?.delete(subchannel);
  if (connections?.size === 0) open.delete(target);
  return error;
}
