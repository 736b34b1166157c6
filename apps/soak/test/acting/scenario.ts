/**
 * A program that acts whenever it hears of its endpoints: it closes clients, makes new ones, updates their resolver or fails it,
 * switches the policy, starts RPCs. What it does is drawn from a seed; meanwhile connections break and health changes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, connectivityState as State } from '@grpc/grpc-js';
import { customRoundRobin, leastRequest } from '@petiole/balancer';
import { createManualResolver, type ManualResolver, type ManualState } from '@petiole/resolver';
import { startRpc } from '@petiole/test-kit/rpc';
import { SeededRandom } from '../../src/plan/seeded-random.js';
import type { Servers } from './servers.js';

/** Clients over the whole life of a scenario, and acts in events. */
const MOST_CLIENTS = 8;
const MOST_ACTS = 60;
/** What happens to a scenario without any event: so many times, so far apart at most. */
const PUSHES = 10;
const PAUSE_MS = 25;
/** The shortest that grpc-js takes. */
const IDLE_MS = 1000;

const POLICIES = [
  leastRequest(),
  customRoundRobin({ repeatCount: 1 }),
  customRoundRobin({ readyTimeout: '0s' }),
  { round_robin: {} },
];

export class Scenario {
  readonly seed: number;
  /** The address that only this scenario uses. */
  readonly host: string;
  /** What was done, for whoever looks into a failure. */
  readonly journal: string[] = [];
  readonly #servers: Servers;
  readonly #random: SeededRandom;
  readonly #resolver: ManualResolver;
  readonly #goesIdle: boolean;
  #endpoints: readonly string[];
  #policy = POLICIES[0];
  readonly #open: Client[] = [];
  readonly #closed: Client[] = [];
  #acts = 0;
  #ending = false;
  readonly #do: Readonly<Record<string, () => void>>;

  constructor(seed: number, servers: Servers) {
    this.seed = seed;
    this.host = `127.${1 + (seed >> 8)}.${seed & 255}.1`;
    this.#servers = servers;
    this.#random = new SeededRandom(seed);
    this.#goesIdle = this.#random.onceIn(4);
    this.#endpoints = this.#someEndpoints();
    this.#resolver = createManualResolver(this.#state());
    this.#do = {
      close: () => this.#close(),
      update: () => {
        this.#endpoints = this.#someEndpoints();
        this.#resolver.update(this.#state());
      },
      fail: () => this.#resolver.fail({ details: 'the catalogue is down' }),
      switch: () => {
        this.#policy = this.#random.oneOf(POLICIES);
        this.#resolver.update(this.#state());
      },
      open: () => this.#openClient(),
      ask: () => this.#ask(),
      cut: () => this.#servers.cut(this.host),
      flip: () => this.#servers.tell(this.host, this.#random.onceIn(2)),
      endWatches: () => this.#servers.endWatches(this.host),
    };
  }

  get target(): string {
    return this.#resolver.target;
  }

  /** Every client is closed at the end. */
  async run(): Promise<void> {
    this.#openClient();
    this.#ask();
    for (let push = 0; push < PUSHES; push++) {
      await sleep(this.#random.integer(0, PAUSE_MS));
      this.#act('push');
    }
    if (this.#goesIdle) await sleep(IDLE_MS + PAUSE_MS);
    this.#ending = true;
    while (this.#open.length > 0) this.#close();
    this.#resolver.close();
  }

  /** One of the scenario's events. */
  hear(event: string): void {
    if (this.#acts >= MOST_ACTS || !this.#random.onceIn(2)) return;
    this.#acts++;
    this.#act(event);
  }

  /** The states of the clients that were closed. */
  closedStates(): readonly string[] {
    return this.#closed.map((client) => String(State[client.getChannel().getConnectivityState(false)]));
  }

  #act(occasion: string): void {
    // The last events come when the resolver is closed.
    const act = this.#ending ? 'ask' : this.#random.oneOf(Object.keys(this.#do));
    this.journal.push(`${occasion}: ${act}`);
    this.#do[act]?.();
  }

  #openClient(): void {
    if (this.#open.length + this.#closed.length >= MOST_CLIENTS) return;
    this.#open.push(
      new Client(this.#resolver.target, credentials.createInsecure(), {
        'grpc.enable_http_proxy': 0,
        'grpc.use_local_subchannel_pool': 1,
        'grpc.initial_reconnect_backoff_ms': 100,
        ...(this.#goesIdle ? { 'grpc.client_idle_timeout_ms': IDLE_MS } : {}),
      }),
    );
  }

  #close(): void {
    const [client] = this.#open.splice(this.#random.integer(0, Math.max(this.#open.length - 1, 0)), 1);
    if (client === undefined) return;
    this.#closed.push(client);
    client.close();
  }

  #ask(): void {
    if (this.#open.length === 0) return;
    const client = this.#random.oneOf(this.#open);
    startRpc(client, { deadline: Date.now() + 500 });
  }

  #someEndpoints(): string[] {
    const { ports, silentPort } = this.#servers;
    const all = this.#random.shuffled([...ports, silentPort, 1]); // nobody listens at port 1
    return all.slice(0, this.#random.integer(0, all.length)).map((port) => `${this.host}:${port}`);
  }

  #state(): ManualState {
    const health = this.#random.onceIn(4) ? {} : { healthCheckConfig: { serviceName: this.host } };
    return {
      endpoints: this.#endpoints,
      serviceConfig: { loadBalancingConfig: [this.#policy], ...health },
    };
  }
}
