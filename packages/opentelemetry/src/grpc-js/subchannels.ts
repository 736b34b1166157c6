/**
 * Connections, as their owner reports them: a subchannel of grpc-js's pool, which several channels of the same target share.
 * Each is seen when the pool hands it out for the first time (fact O6).
 */
import { experimental, connectivityState as State } from '@grpc/grpc-js';
import { backendOf } from './backends.js';
import { type DisconnectError, followDisconnect } from './disconnects.js';
import type { SubchannelPool } from './internals.js';
import { ownTarget } from './targets.js';
import { type Backend, type ConnectionChange, watchers } from './watchers.js';

type Subchannel = experimental.SubchannelInterface;

const targets = new WeakMap<object, string>();
const open = new Map<string, Map<Subchannel, Connection>>();

interface Connection {
  /** What was known of the server when the connection was made: its metrics keep it. */
  readonly backend: Backend;
  readonly whyEnded: () => DisconnectError;
}

/** The open connections by target, where there are some. */
export function openConnections(): ReadonlyMap<string, ReadonlyMap<Subchannel, Connection>> {
  return open;
}

/** Undefined if it was not made by a pool that is watched. */
export function targetOf(subchannel: Subchannel): string | undefined {
  return targets.get(subchannel.getRealSubchannel());
}

export function hookSubchannels(pool: SubchannelPool): void {
  const { getOrCreateSubchannel } = pool;
  pool.getOrCreateSubchannel = function (target, address, options, ...rest) {
    const subchannel = getOrCreateSubchannel.call(this, target, address, options, ...rest);
    if (!targets.has(subchannel)) follow(ownTarget(options, experimental.uriToString(target)), subchannel);
    return subchannel;
  };
}

function follow(target: string, subchannel: Subchannel): void {
  targets.set(subchannel, target);
  if (subchannel.getConnectivityState() === State.READY) opened(target, subchannel);
  // An attempt that is given up, as Happy Eyeballs does, is no change (A94).
  subchannel.addConnectivityStateListener((_subchannel, from, to) => {
    if (to === State.READY) {
      tell(target, { kind: 'opened' }, opened(target, subchannel).backend);
    } else if (from === State.READY) {
      const connection = closed(target, subchannel);
      if (connection) tell(target, { kind: 'closed', error: connection.whyEnded() }, connection.backend);
    } else if (to === State.TRANSIENT_FAILURE) {
      tell(target, { kind: 'failed' }, backendOf(target, subchannel.getAddress()));
    }
  });
}

function tell(target: string, change: ConnectionChange, backend: Backend): void {
  for (const watcher of watchers) watcher.connectionChanged?.(target, change, backend);
}

function opened(target: string, subchannel: Subchannel): Connection {
  const backend = backendOf(target, subchannel.getAddress());
  const connection: Connection = { backend, whyEnded: followDisconnect(subchannel) };
  const connections = open.get(target) ?? new Map<Subchannel, Connection>();
  open.set(target, connections.set(subchannel, connection));
  return connection;
}

function closed(target: string, subchannel: Subchannel): Connection | undefined {
  const connections = open.get(target);
  const connection = connections?.get(subchannel);
  connections?.delete(subchannel);
  if (connections?.size === 0) open.delete(target);
  return connection;
}
