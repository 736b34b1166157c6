/** The client of the lab: one channel whose endpoints and service config the lab tells it, and the load that it sends. */
import { connectivityState, credentials } from '@grpc/grpc-js';
import '@petiole/balancer/register';
import { EchoClient } from '@petiole/echo-proto';
import { createManualResolver } from '@petiole/resolver';
import type { ClientState, EndpointView, LoadSettings } from '../../protocol.js';
import { watchAttempts } from '../grpc-js/attempts.js';
import { type AttemptTick, AttemptWatch, type Failure } from './attempt-watch.js';
import { EndpointBook } from './endpoint-book.js';
import { LoadDriver } from './load-driver.js';
import { type RpcTick, RpcWatch } from './rpc-watch.js';
import { policyIn } from './service-config.js';

export interface ClientObserver {
  changed(): void;
  attemptFailed(failure: Failure): void;
  rpcFailed(failure: Failure): void;
}

/** A server that the resolver names. */
export interface Named {
  readonly id: number;
  readonly addresses: readonly string[];
}

/** Channelz is asked at each so many ticks, and at the next one after a change. */
const TICKS_BETWEEN_LOOKS = 5;

export class LabClient {
  readonly #resolver = createManualResolver();
  readonly #client: EchoClient;
  readonly #book: EndpointBook;
  readonly #rpcs: RpcWatch;
  readonly #attempts: AttemptWatch;
  readonly #driver: LoadDriver;
  readonly #observer: ClientObserver;
  #serverAt = new Map<string, number>();
  #named: readonly Named[] = [];
  #load: LoadSettings;
  #serviceConfig: string;
  #connectivity = 'IDLE';
  #ticksUntilLook = 0;

  /** @param now the lab's time */
  constructor(load: LoadSettings, serviceConfig: string, now: () => number, observer: ClientObserver) {
    this.#load = load;
    this.#serviceConfig = serviceConfig;
    this.#observer = observer;
    this.#book = new EndpointBook(this.#resolver.target, now, () => {
      this.#ticksUntilLook = 0;
      observer.changed();
    });
    const serverAt = (address: string): number => this.#serverAt.get(address) ?? 0;
    this.#rpcs = new RpcWatch(serverAt, (failure) => observer.rpcFailed(failure));
    this.#attempts = new AttemptWatch(serverAt, (failure) => observer.attemptFailed(failure));
    this.#client = new EchoClient(this.#resolver.target, credentials.createInsecure(), {
      interceptors: [this.#rpcs.interceptor],
      'grpc.enable_http_proxy': 0,
      'grpc.use_local_subchannel_pool': 1,
      // A server that is started again is noticed soon; the defaults are 1 s and 120 s.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 500,
    });
    watchAttempts(this.#client.getChannel(), this.#attempts.began);
    this.#driver = new LoadDriver(this.#client);
    this.#driver.send(load);
  }

  get target(): string {
    return this.#resolver.target;
  }

  get state(): ClientState {
    return {
      state: this.#connectivity,
      load: this.#load,
      serviceConfig: this.#serviceConfig,
      ...policyIn(this.#serviceConfig),
    };
  }

  get load(): LoadSettings {
    return this.#load;
  }

  set load(load: LoadSettings) {
    this.#load = load;
    this.#driver.send(load);
    this.#observer.changed();
  }

  /** @throws {ServiceConfigError} on what no resolver hands on; the old one then stays. */
  set serviceConfig(json: string) {
    this.#tell(this.#named, json);
    if (policyIn(json).policy !== this.state.policy) this.#book.forgetPolicy();
    this.#serviceConfig = json;
    this.#observer.changed();
  }

  /** The servers that there are, with all their addresses. Nothing happens if they are those of before. */
  set servers(named: readonly Named[]) {
    if (JSON.stringify(named) === JSON.stringify(this.#named)) return;
    this.#named = named;
    // An RPC that is in flight may still end at an address that is named no more.
    for (const { id, addresses } of named) for (const address of addresses) this.#serverAt.set(address, id);
    this.#book.rename(named.map(({ addresses }) => addresses));
    this.#tell(named, this.#serviceConfig);
    this.#observer.changed();
  }

  endpoint(addresses: readonly string[]): EndpointView | undefined {
    return this.#book.find(addresses.join('+'));
  }

  tick(): RpcTick & AttemptTick {
    if (this.#ticksUntilLook-- <= 0) {
      this.#ticksUntilLook = TICKS_BETWEEN_LOOKS;
      this.#book.refresh(this.#client);
    }
    const connectivity = connectivityState[this.#client.getChannel().getConnectivityState(false)];
    if (connectivity !== this.#connectivity) {
      this.#connectivity = connectivity;
      this.#observer.changed();
    }
    const now = performance.now();
    return { ...this.#rpcs.tick(now), ...this.#attempts.tick(now) };
  }

  async end(): Promise<void> {
    await this.#driver.end();
    this.#client.close();
    this.#resolver.close();
    this.#book.close();
  }

  #tell(named: readonly Named[], serviceConfig: string): void {
    const endpoints = named.map(({ addresses }) => ({ addresses }));
    this.#resolver.update({ endpoints, serviceConfig });
  }
}
