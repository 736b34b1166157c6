/**
 * One connection as the client sees it: which server it leads to and when it
 * was lost. Asked of grpc-js's subchannel, so it is the same for every policy.
 */
import { type experimental, connectivityState as State } from '@grpc/grpc-js';

type Subchannel = experimental.SubchannelInterface;

export interface Connection {
  /** `127.0.0.11:41234`. */
  readonly address: string;
  /** When the subchannel left READY; Infinity while it has not. */
  lostAt: number;
  /** Is the subchannel READY now? */
  ready(): boolean;
}

/** A subchannel has one connection after the other. */
const current = new WeakMap<Subchannel, Connection>();

/** The connection that the subchannel has now, or will have next. It is watched from the first call on. */
export function connectionOf(subchannel: Subchannel): Connection {
  const known = current.get(subchannel);
  if (known !== undefined) return known;
  subchannel.addConnectivityStateListener((_, previous) => {
    if (previous !== State.READY) return;
    const lost = current.get(subchannel);
    if (lost) lost.lostAt = performance.now();
    next(subchannel);
  });
  return next(subchannel);
}

function next(subchannel: Subchannel): Connection {
  const connection: Connection = {
    address: subchannel.getAddress(),
    lostAt: Number.POSITIVE_INFINITY,
    ready: () => subchannel.getConnectivityState() === State.READY,
  };
  current.set(subchannel, connection);
  return connection;
}
