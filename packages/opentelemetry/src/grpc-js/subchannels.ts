/**
 * Connections, as their owner reports them: a subchannel of grpc-js's pool, which several channels of the same target share.
 * Each is seen when the pool hands it out for the first time (fact O6).
 */
import { experimental, connectivityState as State } from '@grpc/grpc-js';
import type { SubchannelPool } from './internals.js';

export interface ConnectionWatcher {
  /** Followed from its first connection attempt on. */
  connectionChanged(target: string, change: ConnectionChange): void;
}

export type ConnectionChange = 'opened' | 'failed' | 'closed';

const watchers: ConnectionWatcher[] = [];
const seen = new WeakSet<object>();
const open = new Map<string, number>();

/** How many connections are open, by target, where there are some. */
export function openConnections(): ReadonlyMap<string, number> {
  return open;
}

export function watchConnections(watcher: ConnectionWatcher): () => void {
  watchers.push(watcher);
  return () => {
    const place = watchers.indexOf(watcher);
    if (place >= 0) watchers.splice(place, 1);
  };
}

export function hookSubchannels(pool: SubchannelPool): void {
  const { getOrCreateSubchannel } = pool;
  pool.getOrCreateSubchannel = function (target, ...rest) {
    const subchannel = getOrCreateSubchannel.call(this, target, ...rest);
    if (!seen.has(subchannel)) {
      seen.add(subchannel);
      follow(experimental.uriToString(target), subchannel);
    }
    return subchannel;
  };
}

function follow(target: string, subchannel: experimental.SubchannelInterface): void {
  const count = (more: 1 | -1): void => {
    const connections = (open.get(target) ?? 0) + more;
    if (connections > 0) open.set(target, connections);
    else open.delete(target);
  };
  if (subchannel.getConnectivityState() === State.READY) count(1);
  subchannel.addConnectivityStateListener((_subchannel, from, to) => {
    const change = changeOf(from, to);
    if (change === undefined) return;
    if (change !== 'failed') count(change === 'opened' ? 1 : -1);
    for (const watcher of watchers) watcher.connectionChanged(target, change);
  });
}

/** An attempt that is given up, as Happy Eyeballs does, is no change (A94). */
function changeOf(from: State, to: State): ConnectionChange | undefined {
  if (to === State.READY) return 'opened';
  if (from === State.READY) return 'closed';
  return to === State.TRANSIENT_FAILURE ? 'failed' : undefined;
}
