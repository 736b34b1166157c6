/**
 * No connection attempt lasts longer than {@link CONNECT_TIMEOUT_MS}, whether or not anybody waits for it any more. grpc-js has no
 * such limit, and never ends the socket of an attempt that hangs (B16). To a subchannel and all that share it, an attempt that is
 * ended has failed as any other. Each one is a call of `connect` of the subchannel's private `connector` (B27).
 */
import type { Socket } from 'node:net';
import type { experimental } from '@grpc/grpc-js';
import { CONNECT_TIMEOUT_MS, ConnectingWatch } from './connecting-watch.js';
import { reportUnknownVersion } from './unknown-version.js';

/** Makes of a TCP connection what HTTP/2 is spoken over. */
interface SecureConnector {
  connect(socket: Socket): Promise<unknown>;
}

interface Connector {
  connect(address: unknown, secure: SecureConnector, options: unknown): Promise<unknown>;
}

const attempts: ConnectingWatch<Attempt> = new ConnectingWatch(CONNECT_TIMEOUT_MS, (attempt) =>
  attempt.end(),
);

/** Holds for the attempts of this subchannel that begin from now on. */
export function limitAttempts(subchannel: experimental.SubchannelInterface): void {
  const real = subchannel.getRealSubchannel() as object as { connector?: Connector };
  if (!('connector' in real))
    reportUnknownVersion(
      'makes connections: a connection attempt that hangs keeps its socket, though it is given up',
    );
  const { connector } = real;
  if (connector === undefined || connector.connect === connectInTime) return;
  real.connector = Object.create(connector, { connect: { value: connectInTime } });
}

/**
 * Stands for the `connect` of the object's prototype. Each attempt has a connector of its own: grpc-js keeps the newest HTTP/2 session
 * there, and destroys it when the socket of an earlier attempt closes (B27).
 */
function connectInTime(this: Connector, ...[address, secure, options]: Parameters<Connector['connect']>) {
  const { connect } = Object.getPrototypeOf(this) as Connector;
  const attempt = new Attempt();
  return attempt.inTime(connect.call(Object.create(this), address, attempt.watching(secure), options));
}

class Attempt {
  /** Once there is a TCP connection. */
  private socket: Socket | undefined = undefined;
  private error: Error | undefined = undefined;
  private fail: (error: Error) => void = () => {};

  /** The same, and the attempt has the socket. */
  watching(secure: SecureConnector): SecureConnector {
    const connect = async (socket: Socket): Promise<unknown> => {
      // grpc-js destroys the socket then.
      if (this.error !== undefined) throw this.error;
      this.socket = socket;
      return secure.connect(socket);
    };
    return Object.create(secure, { connect: { value: connect } });
  }

  async inTime(connecting: Promise<unknown>): Promise<unknown> {
    const ended = new Promise<never>((_, reject) => {
      this.fail = reject;
    });
    attempts.start(this);
    try {
      return await Promise.race([connecting, ended]);
    } finally {
      attempts.stop(this);
    }
  }

  end(): void {
    this.error = new Error(`connection attempt unfinished after ${CONNECT_TIMEOUT_MS / 1000} s`);
    this.fail(this.error);
    this.socket?.destroy();
  }
}
