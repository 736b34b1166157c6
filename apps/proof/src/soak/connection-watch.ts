/**
 * One connection as the client sees it: which server it leads to and when it
 * was last lost. Asked of grpc-js's subchannel, so it is the same for every policy.
 */
import { type experimental, connectivityState as State } from '@grpc/grpc-js';

type Subchannel = experimental.SubchannelInterface;

export interface Connection {
  /** `127.0.0.11:41234`. */
  readonly address: string;
  /** When the subchannel last left READY; -Infinity if it never has. */
  lostAt: number;
  /** Is it READY now? */
  ready(): boolean;
}

const known = new WeakMap<Subchannel, Connection>();

/** The connection of that subchannel, watched from the first call on. */
export function connectionOf(subchannel: Subchannel): Connection {
  let connection = known.get(subchannel);
  if (connection === undefined) {
    const made: Connection = {
      address: subchannel.getAddress(),
      lostAt: Number.NEGATIVE_INFINITY,
      ready: () => subchannel.getConnectivityState() === State.READY,
    };
    subchannel.addConnectivityStateListener((_, previous) => {
      if (previous === State.READY) made.lostAt = performance.now();
    });
    known.set(subchannel, made);
    connection = made;
  }
  return connection;
}
