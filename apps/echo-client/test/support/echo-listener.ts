/** Echo servers in the test's process, which stop and start again on the same port, and know TLS and health. */
import type { Server } from '@grpc/grpc-js';
import { type EchoHandlers, EchoService } from '@petiole/echo-proto';
import { Backend, type BackendOptions } from '@petiole/test-kit/backend';
import { HealthImplementation } from 'grpc-health-check';

/**
 * Ports that listeners of this process have had: 127.0.0.1 and [::1] have the same ones each, and at the other address of a
 * test's endpoint there must be no listener of another test.
 */
const taken = new Set<number>();

export class EchoListener {
  /** RPCs that have arrived. */
  rpcs = 0;
  /** Hears of each RPC: what it says, and the address of its connection. */
  onMessage = (_message: string, _peer: string): void => {};
  readonly #health = new HealthImplementation({ '': 'SERVING', echo: 'SERVING' });
  #backend: Backend | undefined;
  #answered = (): void => {};
  /** Resolves when the first RPC arrives. */
  readonly firstRpc = new Promise<void>((resolve) => {
    this.#answered = resolve;
  });

  static async on(host: string, options: BackendOptions = {}): Promise<EchoListener> {
    for (;;) {
      const listener = new EchoListener();
      listener.#backend = await Backend.start({ ...options, host, services: listener.#serve });
      if (!taken.has(listener.port)) {
        taken.add(listener.port);
        return listener;
      }
      listener.stop();
    }
  }

  readonly #serve = (server: Server): void => {
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
  };

  /** Again, on the same port. */
  async start(): Promise<void> {
    await this.#backend?.restart();
  }

  /** Closes its connections at once. */
  stop(): void {
    this.#backend?.kill();
  }

  healthy(healthy: boolean, service = 'echo'): void {
    this.#health.setStatus(service, healthy ? 'SERVING' : 'NOT_SERVING');
  }

  get address(): string {
    return this.#backend?.address ?? '';
  }

  get port(): number {
    return this.#backend?.port ?? 0;
  }
}
