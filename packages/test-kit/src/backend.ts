/**
 * A real gRPC server on the loopback that tests can stop, kill and bring back on
 * the same port. Its one service answers with the bytes that it was sent, or with the server's name.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerOptions,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

// grpc-js does not give its sockets away; Node tells of each one that a server of this process accepts.
const accepted = new Set<Socket>();
subscribe('net.server.socket', (message) => {
  const { socket } = message as { socket: Socket };
  accepted.add(socket);
  socket.once('close', () => accepted.delete(socket));
});

const bytes = (value: Buffer): Buffer => value;
const codec = {
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};

export const UNARY = '/petiole.test.Echo/Unary';
export const BIDI = '/petiole.test.Echo/Bidi';

const service: ServiceDefinition = {
  unary: { path: UNARY, requestStream: false, responseStream: false, ...codec },
  bidi: { path: BIDI, requestStream: true, responseStream: true, ...codec },
};

type UnaryHandler = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => void;

export interface BackendOptions {
  /** What it answers with. Default: the request. */
  readonly name?: string;
  /** `127.0.0.1` (default), `::1`, `::` for both families, or `0.0.0.0` for every 127.x.y.z. */
  readonly host?: string;
  /** Default 0: any free port, which the backend then keeps. */
  readonly port?: number;
  readonly credentials?: ServerCredentials;
  readonly serverOptions?: ServerOptions;
  /** Answers in place of the backend. */
  readonly unary?: UnaryHandler;
  /** Adds further services, e.g. `(server) => health.addToServer(server)`. */
  readonly services?: (server: Server) => void;
}

export class Backend {
  readonly name: string;
  readonly host: string;
  port: number;
  /** Unary calls that reached the server, over all its lives. */
  calls = 0;
  /** The client's end of each connection that has ever carried a unary call. */
  readonly callers: Set<string> = new Set();
  private server: Server | undefined;
  private readonly options: BackendOptions;

  private constructor(options: BackendOptions) {
    this.options = options;
    this.name = options.name ?? '';
    this.host = options.host ?? '127.0.0.1';
    this.port = options.port ?? 0;
  }

  static async start(options: BackendOptions = {}): Promise<Backend> {
    const backend = new Backend(options);
    await backend.restart();
    return backend;
  }

  /** What it is bound to: `127.0.0.1:41234` or `[::]:41234`. */
  get address(): string {
    return this.host.includes(':') ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`;
  }

  /** `127.0.0.1:41234` or `[::1]:41234`, as a client's peer is printed. */
  get peer(): string {
    return this.address.replace('[::]', '[::1]');
  }

  /** The same with other addresses of the same server: `endpoint('::1', '127.0.0.1')`. Default: the peer's host. */
  endpoint(...hosts: string[]): { addresses: { host: string; port: number }[] } {
    const names = hosts.length > 0 ? hosts : [this.host === '::' ? '::1' : this.host];
    return { addresses: names.map((host) => ({ host, port: this.port })) };
  }

  /** Serves on the same port as before. */
  async restart(): Promise<void> {
    const server = new Server(this.options.serverOptions);
    const { name } = this.options;
    const answer: UnaryHandler = (call, callback) =>
      callback(null, name === undefined ? call.request : Buffer.from(name));
    const unary = this.options.unary ?? answer;
    const implementation: UntypedServiceImplementation = {
      unary: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
        this.calls++;
        this.callers.add(call.getPeer());
        unary(call, callback);
      },
      bidi: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', (message: Buffer) => call.write(message));
        call.on('end', () => call.end());
        call.on('error', () => {});
      },
    };
    server.addService(service, implementation);
    this.options.services?.(server);
    this.port = await new Promise<number>((resolve, reject) => {
      const credentials = this.options.credentials ?? ServerCredentials.createInsecure();
      server.bindAsync(this.address, credentials, (error, port) => (error ? reject(error) : resolve(port)));
    });
    this.server = server;
  }

  /** How many connections clients have to it. */
  get connections(): number {
    return this.sockets.length;
  }

  /** Breaks all connections without a word, as a crash does: RPCs in flight end with UNAVAILABLE. */
  crash(): void {
    for (const socket of this.sockets) socket.destroy();
    this.kill();
  }

  /** Its ends of the connections that clients have to it. */
  get sockets(): readonly Socket[] {
    return [...accepted].filter(({ localPort }) => localPort === this.port);
  }

  /** Resets all streams and closes all connections: RPCs in flight end with CANCELLED. */
  kill(): void {
    this.server?.forceShutdown();
    this.server = undefined;
  }

  /** GOAWAY, then waits for calls in flight, as a rolling restart does. */
  async drain(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server)
      await new Promise<void>((resolve, reject) => server.tryShutdown((e) => (e ? reject(e) : resolve())));
  }
}
