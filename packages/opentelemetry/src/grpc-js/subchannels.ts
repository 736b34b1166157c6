/**
 * Connections, as their owner reports them: a subchannel of grpc-js's pool, which several channels of the same target share.
 * Each is seen when the pool hands it out for the first time (fact O6).
 */
import { experimental, connectivityState as State } from '@grpc/grpc-js';
import type { SubchannelPool } from './internals.js';
import { type ConnectionChange, watchers } from './watchers.js';

type Subchannel = experimental.SubchannelInterface;

const targets = new WeakMap<object, string>();
const open = new Map<string, Set<Subchannel>>();

/** The open connections by target, where there are some. */
export function openConnections(): ReadonlyMap<string, ReadonlySet<Subchannel>> {
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
    const change = changeOf(from, to);
    if (change === undefined) return;
    if (change === 'opened') opened(target, subchannel);
    if (change === 'closed') closed(target, subchannel);
    for (const watcher of watchers) watcher.connectionChanged?.(target, change);
  });
}

function opened(target: string, subchannel: Subchannel): void {
  const connections = open.get(target);
  if (connections === undefined) open.set(target, new Set([subchannel]));
  else connections.add(subchannel);
}

function closed(target: string, subchannel: Subchannel): void {
  const connections = open.get(target);
  connections?.delete(subchannel);
  if (connections?.size === 0) open.delete(target);
}

/** An attempt that is given up, as Happy Eyeballs does, is no change (A94). */
function changeOf(from: State, to: State): ConnectionChange | undefined {
  if (to === State.READY) return 'opened';
  if (from === State.READY) return 'closed';
  return to === State.TRANSIENT_FAILURE ? 'failed' : undefined;
}
