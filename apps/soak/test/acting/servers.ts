/**
 * Three servers for many scenarios at once. Each scenario has a loopback address of its own, at which all three answer: by it
 * the servers know whose connections they hold, and by the name of the health service whose Watches.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type Socket, type Server as TcpServer } from 'node:net';
import { Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';

const bytes = (value: Buffer): Buffer => value;
const method = (path: string, responseStream: boolean) => ({
  path,
  requestStream: false,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});

export const ASK = '/petiole.acting.Echo/Ask';
const ECHO = { ask: method(ASK, false) };
const HEALTH = { watch: method('/grpc.health.v1.Health/Watch', true) };

/** The health statuses of the protocol that a server can be in. */
const [SERVING, NOT_SERVING] = [1, 2];

type Watch = ServerWritableStream<Buffer, Buffer>;

/** `count` servers at every 127.x.y.z; beside them one that takes connections and is silent. */
export class Servers {
  readonly ports: readonly number[];
  readonly silentPort: number;
  readonly #servers: readonly Server[];
  readonly #silent: TcpServer;
  readonly #silentSockets: Set<Socket> = new Set();
  readonly #sockets: Set<Socket> = new Set();
  readonly #watches: Set<Watch> = new Set();
  /** The client's end of each connection that has carried a call. */
  readonly #served: Set<string> = new Set();
  readonly #listener = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    if (!this.ports.includes(socket.localPort ?? 0)) return;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  };

  private constructor(servers: readonly Server[], ports: readonly number[], silent: TcpServer) {
    this.#servers = servers;
    this.ports = ports;
    this.#silent = silent;
    this.silentPort = portOf(silent);
    silent.on('connection', (socket) => {
      this.#silentSockets.add(socket);
      socket.on('error', () => {});
    });
    for (const server of servers) {
      server.addService(ECHO, { ask: this.#ask });
      server.addService(HEALTH, { watch: this.#watch });
    }
    subscribe('net.server.socket', this.#listener);
  }

  static async start(count: number): Promise<Servers> {
    const servers = Array.from({ length: count }, () => new Server());
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '0.0.0.0', resolve));
    return new Servers(servers, await Promise.all(servers.map(bind)), silent);
  }

  /** What a scenario has left at the servers. */
  held(host: string): { connections: number; watches: number } {
    return { connections: this.#socketsOf(host).length, watches: this.#watchesOf(host).length };
  }

  /**
   * Breaks a scenario's connections. Only those that have carried a call: grpc-js connects once more, and for good, to a server
   * that ended a connection in its first moments and whose channel is closed before the next attempt.
   */
  cut(host: string): void {
    for (const socket of this.#socketsOf(host)) {
      if (this.#served.has(`${socket.remoteAddress}:${socket.remotePort}`)) socket.destroy();
    }
  }

  tell(host: string, healthy: boolean): void {
    for (const watch of this.#watchesOf(host)) watch.write(answer(healthy ? SERVING : NOT_SERVING));
  }

  endWatches(host: string): void {
    for (const watch of this.#watchesOf(host)) watch.end();
  }

  /** Ends the connections to the silent server: grpc-js cannot. */
  dropSilent(): void {
    for (const socket of this.#silentSockets) socket.destroy();
    this.#silentSockets.clear();
  }

  stop(): void {
    unsubscribe('net.server.socket', this.#listener);
    this.dropSilent();
    this.#silent.close();
    for (const server of this.#servers) server.forceShutdown();
  }

  #socketsOf(host: string): readonly Socket[] {
    return [...this.#sockets].filter(({ localAddress }) => localAddress === host);
  }

  #watchesOf(host: string): readonly Watch[] {
    return [...this.#watches].filter(({ request }) => request.subarray(2).toString() === host);
  }

  readonly #ask = (
    call: ServerUnaryCall<Buffer, Buffer>,
    answerWith: (error: null, value: Buffer) => void,
  ) => {
    this.#served.add(call.getPeer());
    answerWith(null, call.request);
  };

  readonly #watch = (call: Watch): void => {
    this.#served.add(call.getPeer());
    this.#watches.add(call);
    for (const end of ['close', 'cancelled', 'finish']) call.on(end, () => this.#watches.delete(call));
    call.on('error', () => {});
    call.write(answer(SERVING));
  };
}

function answer(status: number | undefined): Buffer {
  return Buffer.from([0x08, status ?? 0]);
}

function bind(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('0.0.0.0:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

function portOf(server: TcpServer): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
  return address.port;
}
