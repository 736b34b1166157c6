/** Echo servers in the test's process, which stop and start again on the same port, and know TLS and health. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { type EchoHandlers, EchoService } from '@petiole/echo-proto';
import { HealthImplementation } from 'grpc-health-check';

/**
 * Ports that listeners of this process have had: 127.0.0.1 and [::1] have the same ones each, and at the other address of a
 * test's endpoint there must be no listener of another test.
 */
const taken = new Set<number>();

export class EchoListener {
  /** With the real port. */
  address: string;
  /** RPCs that have arrived. */
  rpcs = 0;
  /** Hears of each RPC: what it says, and the address of its connection. */
  onMessage = (_message: string, _peer: string): void => {};
  readonly #credentials: ServerCredentials;
  readonly #health = new HealthImplementation({ '': 'SERVING', echo: 'SERVING' });
  #server: Server | undefined;
  #answered = (): void => {};
  /** Resolves when the first RPC arrives. */
  readonly firstRpc = new Promise<void>((resolve) => {
    this.#answered = resolve;
  });

  private constructor(address: string, credentials: ServerCredentials) {
    this.address = address;
    this.#credentials = credentials;
  }

  /** `[::1]:0` takes a free port. */
  static async on(address: string, credentials = ServerCredentials.createInsecure()): Promise<EchoListener> {
    const listener = new EchoListener(address, credentials);
    await listener.start();
    return listener;
  }

  /** Also again, on the same port. */
  async start(): Promise<void> {
    const isNew = this.port === 0;
    for (;;) {
      const server = await this.#bind();
      if (!isNew || !taken.has(this.port)) {
        taken.add(this.port);
        this.#server = server;
        return;
      }
      server.forceShutdown();
      this.address = this.address.replace(/\d+$/, '0');
    }
  }

  async #bind(): Promise<Server> {
    const server = new Server();
    const handlers = {
      UnaryEcho: (call, respond) => {
        this.rpcs++;
        this.#answered();
        this.onMessage(call.request.message, call.getPeer());
        respond(null, { message: `${call.request.message} (from ${this.address})` });
      },
    } satisfies Partial<EchoHandlers>;
    server.addService(EchoService, handlers);
    this.#health.addToServer(server);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(this.address, this.#credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    this.address = this.address.replace(/:\d+$/, `:${port}`);
    return server;
  }

  /** Closes its connections at once. */
  stop(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }

  healthy(healthy: boolean, service = 'echo'): void {
    this.#health.setStatus(service, healthy ? 'SERVING' : 'NOT_SERVING');
  }

  get port(): number {
    return Number(/\d+$/.exec(this.address)?.[0]);
  }
}
