/**
 * The lab: its servers and its client, what they say of themselves, and the pages that listen. Ticks and events are kept for
 * pages that open late.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setLogger } from '@grpc/grpc-js';
import type { EndpointEvent, HealthEvent } from '@petiole/balancer';
import type { ResolverUpdate } from '@petiole/resolver';
import {
  KEPT_EVENTS,
  KEPT_MARKS,
  KEPT_TICKS,
  type LabEvent,
  type LoadSettings,
  type Mark,
  type Message,
  type State,
  TICK_MS,
  type Tick,
  type Whole,
} from '../protocol.js';
import { Ring } from '../ring.js';
import { BOUNDS } from './bounds.js';
import { FailureBursts } from './client/failure-bursts.js';
import { LabClient } from './client/lab-client.js';
import { policyDescriptions } from './client/policy-descriptions.js';
import { FIRST_SERVICE_CONFIG } from './client/service-config.js';
import { StreamWaits } from './client/stream-waits.js';
import { Fleet } from './servers/fleet.js';

/** Changes of this long are told together. */
const STATE_MS = 20;
const LOOP_RESOLUTION_MS = 10;
/** The longest text of an event, and of a mark: they quote what peers say, and what somebody writes. */
const MOST_TEXT = 300;

export class Lab {
  readonly fleet: Fleet;
  readonly client: LabClient;
  readonly #load: LoadSettings;
  readonly #beganAt = performance.now();
  readonly #ticks = new Ring<Tick>(KEPT_TICKS);
  readonly #events = new Ring<LabEvent>(KEPT_EVENTS);
  readonly #marks = new Ring<Mark>(KEPT_MARKS);
  readonly #failures = new FailureBursts((server, text) => this.log('failure', text, server));
  readonly #streamWaits = new StreamWaits((server, text) => this.log('connectivity', text, server));
  readonly #loop: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  readonly #pages = new Set<(message: Message) => void>();
  #lastEvent = 0;
  #ticking: NodeJS.Timeout | undefined;
  #telling: NodeJS.Timeout | undefined;
  readonly #listeners: readonly [channel: string, (message: unknown) => void][] = [
    ['petiole.endpoint.state', (message) => this.#onState(message as EndpointEvent)],
    ['petiole.health.status', (message) => this.#onHealth(message as HealthEvent)],
    ['petiole.resolver.update', (message) => this.#onResolver(message as ResolverUpdate)],
  ];

  /** Opens nothing yet. */
  constructor(load: LoadSettings) {
    this.#load = load;
    this.fleet = new Fleet({
      changed: () => this.#serversChanged(),
      log: (server, text) => this.log('server', text, server),
    });
    this.client = new LabClient({ ...load, rate: 0 }, FIRST_SERVICE_CONFIG, () => this.#now(), {
      changed: () => this.#tellState(),
      attemptFailed: (failure) => this.#failures.attemptFailed(failure),
      rpcFailed: (failure) => this.#failures.rpcFailed(failure),
    });
  }

  /** Resolves when the first servers serve, or have failed to. */
  async begin(): Promise<void> {
    for (const [channel, hear] of this.#listeners) subscribe(channel, hear);
    const logged = (text: unknown): void => this.log('log', String(text));
    setLogger({ error: logged, info: () => {}, debug: () => {} });
    this.#loop.enable();
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    await this.fleet.reset();
    this.client.load = this.#load;
  }

  /** Everything as it was when the lab began. Resolves when it is. */
  async reset(): Promise<void> {
    this.client.serviceConfig = FIRST_SERVICE_CONFIG;
    this.client.load = this.#load;
    await this.fleet.reset();
  }

  /** Within two seconds, whatever the servers do. */
  async end(): Promise<void> {
    clearInterval(this.#ticking);
    clearTimeout(this.#telling);
    this.#pages.clear();
    this.#loop.disable();
    await this.client.end();
    await this.fleet.end();
    for (const [channel, hear] of this.#listeners) unsubscribe(channel, hear);
  }

  get state(): State {
    return {
      servers: this.fleet.servers.map((server) => {
        const endpoint = this.client.endpoint(server.endpoint);
        return { ...server.state, ...(endpoint === undefined ? {} : { endpoint }) };
      }),
      client: this.client.state,
    };
  }

  get whole(): Whole {
    return {
      state: this.state,
      ticks: this.#ticks.all(),
      events: this.#events.all(),
      marks: this.#marks.all(),
      policies: policyDescriptions(),
      bounds: BOUNDS,
    };
  }

  /** What comes from now on. Returns what ends it. */
  listen(page: (message: Message) => void): () => void {
    this.#pages.add(page);
    return () => this.#pages.delete(page);
  }

  log(kind: LabEvent['kind'], text: string, server?: number): void {
    const of = server === undefined ? {} : { server };
    const event = { number: ++this.#lastEvent, at: this.#now(), kind, ...of, text: short(text) };
    this.#events.add(event);
    this.#tell({ kind: 'event', event });
  }

  /** Somebody does something. */
  mark(text: string): void {
    const mark = { at: this.#now(), text: short(text) };
    this.#marks.add(mark);
    this.#tell({ kind: 'mark', mark });
  }

  #now(): number {
    return Math.round(performance.now() - this.#beganAt);
  }

  #tell(message: Message): void {
    for (const page of this.#pages) page(message);
  }

  /** Soon, and once for all that changes until then. */
  #tellState(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      this.#tell({ kind: 'state', state: this.state });
    }, STATE_MS);
  }

  #serversChanged(): void {
    const known = this.fleet.servers.filter(({ addresses }) => addresses.length > 0);
    this.client.servers = known.map(({ id, endpoint }) => ({ id, addresses: endpoint }));
    this.#tellState();
  }

  #tick(): void {
    const { servers, ...rest } = this.client.tick();
    const arrivals = new Map(this.fleet.servers.map((server) => [server.id, server.takeArrivals()]));
    const busy = new Map(servers.map((server) => [server.id, server]));
    const ids = [...arrivals.keys()].filter((id) => busy.has(id) || arrivals.get(id) !== 0);
    const loopDelayMs = Math.max(0, this.#loop.max / 1e6 - LOOP_RESOLUTION_MS);
    this.#loop.reset();
    const tick = {
      at: this.#now(),
      ...rest,
      servers: ids.map((id) => ({
        ...(busy.get(id) ?? { id, sent: 0, ok: 0, failed: 0, inFlight: 0, waiting: 0 }),
        arrived: arrivals.get(id) ?? 0,
      })),
      loopDelayMs: Math.round(loopDelayMs * 10) / 10,
    };
    this.#ticks.add(tick);
    this.#tell({ kind: 'tick', tick });
    this.#failures.tick();
    this.#streamWaits.tick(servers, (id) => this.fleet.find(id)?.settings.streamLimit);
  }

  #serverOf(endpoint: string): number | undefined {
    return this.fleet.servers.find((server) => server.endpoint.join('+') === endpoint)?.id;
  }

  #onState({ target, endpoint, from, to, reason }: EndpointEvent): void {
    // What ends is told by who ended it: a server was removed, or a policy replaced.
    if (target !== this.client.target || to === 'SHUTDOWN') return;
    this.log('connectivity', `${from} → ${to}: ${reason}`, this.#serverOf(endpoint));
  }

  #onHealth({ target, endpoint, from, to }: HealthEvent): void {
    if (target !== this.client.target || to === 'ENDED') return;
    this.log('health', `${from} → ${to}`, this.#serverOf(endpoint));
  }

  #onResolver({ target, added, removed, endpoints, error }: ResolverUpdate): void {
    if (target !== this.client.target) return;
    const news = [...added.map((name) => `+ ${name}`), ...removed.map((name) => `− ${name}`)].join(', ');
    const text = error ?? `${endpoints} endpoints${news === '' ? '' : `: ${news}`}`;
    this.log('resolver', text);
  }
}

function short(text: string): string {
  return text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT - 1)}…`;
}
