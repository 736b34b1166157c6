/** Whether anybody listens. */
import { once } from 'node:events';
import { connect } from 'node:net';

/** 'open', or the error code of a TCP connection to this address. */
export async function tcp(host: string, port: number): Promise<string> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    // Where nobody listens, the system may give the socket that very port, and connect it to itself.
    return socket.localPort === port ? 'ECONNREFUSED' : 'open';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  } finally {
    // A reset leaves no TIME_WAIT behind, which would keep a server from the port for a minute.
    socket.resetAndDestroy();
  }
}
