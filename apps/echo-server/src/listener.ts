/**
 * One address that can be served, stopped and served again, with a gRPC
 * server of its own each time, but one health, one address and one count of RPCs.
 */
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { Server, type ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import { EchoService, protoPath } from '@petiole/echo-proto';
import { bindServer, introspection, ServerHealth } from '@petiole/serving';
import { CallTracker, type EndedRpc } from './call-tracker.js';
import { echoHandlers } from './echo-handlers.js';
import { type Faults, faultInjection } from './fault-injection.js';
import { withBoundPort } from './listen-address.js';

/**
 * - `stopped`: nothing listens there; also before the first start.
 * - `starting`: the address is being bound.
 * - `serving`: it answers.
 * - `draining`: new connections are refused, RPCs in flight go on.
 */
export type ListenerState = 'stopped' | 'starting' | 'serving' | 'draining';

export interface ListenerConfig {
  /** In the form of `parseListenAddress`. */
  readonly address: string;
  readonly credentials: ServerCredentials;
  readonly faults: Faults;
  /** Further options of the gRPC server, `interceptors` excepted. */
  readonly serverOptions?: ServerOptions;
  /** An RPC of the Echo service has arrived. */
  readonly onArrival?: () => void;
  readonly onRpc: (rpc: EndedRpc) => void;
}

const addIntrospection = introspection([protoPath]);

/** How long the last statuses may take to leave, and the clients to hang up. */
const LAST_WORDS_MS = 100;

export class Listener {
  readonly #config: ListenerConfig;
  readonly #health = new ServerHealth(['grpc.examples.echo.Echo']);
  #state: ListenerState = 'stopped';
  #address: string;
  #healthy = true;
  #cutOff: () => void = () => {};
  #rpcs = 0;
  /** Of the newest server. */
  #calls: CallTracker | undefined;
  /** Ends what the listener serves with; there while it serves. */
  #drain: ((graceMs: number) => Promise<number>) | undefined;
  #drained: Promise<number> = Promise.resolve(0);
  #started: Promise<void> = Promise.resolve();

  constructor(config: ListenerConfig) {
    this.#config = config;
    this.#address = config.address;
  }

  /** Where it listens; the real port once it was bound to port 0, also while it is stopped. */
  get address(): string {
    return this.#address;
  }

  get state(): ListenerState {
    return this.#state;
  }

  /** RPCs of the Echo service so far. */
  get rpcs(): number {
    return this.#rpcs;
  }

  get rpcsInFlight(): number {
    return this.#calls?.inFlight ?? 0;
  }

  /** What health checks are told while it serves. */
  get healthy(): boolean {
    return this.#healthy;
  }

  set healthy(healthy: boolean) {
    this.#healthy = healthy;
    if (this.#state === 'starting' || this.#state === 'serving') this.#health.set(healthy);
  }

  /** Resolves when the newest start is over, also where it has failed. */
  get startOver(): Promise<void> {
    return this.#started.catch(() => {});
  }

  /** Binds the address. @throws {ListenError} (rejects); it is `stopped` then. */
  start(): Promise<void> {
    this.#started = this.#bind();
    return this.#started;
  }

  async #bind(): Promise<void> {
    const calls = new CallTracker({
      began: () => {
        this.#rpcs++;
        this.#config.onArrival?.();
      },
      ended: this.#config.onRpc,
    });
    const server = new Server({
      ...this.#config.serverOptions,
      interceptors: [calls.interceptor, faultInjection(this.#config.faults)],
    });
    server.addService(
      EchoService,
      echoHandlers(() => this.#address),
    );
    this.#health.addToServer(server);
    addIntrospection(server);
    this.#health.set(this.#healthy);
    this.#state = 'starting';
    try {
      const port = await bindServer(server, this.#address, this.#config.credentials);
      this.#address = withBoundPort(this.#address, port);
    } catch (error) {
      this.#state = 'stopped';
      throw error;
    }
    this.#state = 'serving';
    this.#calls = calls;
    this.#drain = (graceMs) => this.#drainServer(server, calls, graceMs);
  }

  /**
   * Says NOT_SERVING to whoever watches its health, refuses new connections, lets RPCs in flight finish and closes
   * the connections. What is not done after `graceMs` is cut off; resolves with how many RPCs that were.
   * While it drains already, the answer is that of the first call.
   */
  stop(graceMs: number): Promise<number> {
    if (this.#drain !== undefined) this.#drained = this.#drain(graceMs);
    return this.#drained;
  }

  /** Ends a drain at once. */
  cutOff(): void {
    this.#cutOff();
  }

  async #drainServer(server: Server, calls: CallTracker, graceMs: number): Promise<number> {
    this.#state = 'draining';
    this.#drain = undefined;
    this.#health.set(false);
    // The news is written in this turn of the event loop; the GOAWAY would overtake it.
    await nextTurn();
    const cutOff = new Promise<void>((resolve) => {
      this.#cutOff = resolve;
    });
    const timer = setTimeout(this.#cutOff, graceMs);
    const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    let unfinished: number;
    do {
      await Promise.race([calls.idle(), cutOff]);
      unfinished = calls.inFlight;
      // A health Watch has no end of its own, and forceShutdown would say CANCELLED, as if the clients had wanted it.
      calls.endAll();
      await Promise.race([closed, delay(LAST_WORDS_MS)]);
      // A client that was in its TLS handshake may have begun an RPC meanwhile.
    } while (calls.inFlight > 0 && unfinished === 0);
    clearTimeout(timer);
    // tryShutdown never calls back while a peer is in its TLS handshake or keeps its half of a connection open, nor for a
    // connection that breaks in the very moment of the call.
    server.forceShutdown();
    this.#cutOff = () => {};
    this.#state = 'stopped';
    return unfinished;
  }
}
