/**
 * `custom_round_robin` once more, as DESIGN.md tells it and with no regard for
 * cost: what pick_first makes of its addresses' states, what the policy
 * publishes of its endpoints' states, and whose turn it is.
 */
import { connectivityState as State } from '@grpc/grpc-js';

const { CONNECTING, IDLE, READY, TRANSIENT_FAILURE } = State;

/** After how long an endpoint that connects counts as failed. */
const ENDPOINT_TIMEOUT_MS = 20_500;

/** A connection that is lost earlier, without an answered RPC, is a brief one. */
const LASTING_MS = 800;

/** grpc-js's back-off: the first delay, and what the next one is. */
const FIRST_DELAY_MS = 1000;
const nextDelay = (delay: number, random: number): number => delay * 1.6 * (0.8 + 0.4 * random);

export interface Config {
  readonly repeatCount: number;
  /** Infinity: wait for all. */
  readonly readyTimeoutMs: number;
  readonly randomStart: boolean;
}

/** How many waits after brief connections there were. */
let rests = 0;

/** What a resolver says: endpoints, each as its addresses, or an error. */
export type Resolution = readonly (readonly string[])[] | 'error';

/** What the model asks the test's world. */
export interface World {
  readonly now: number;
  stateOf(address: string): State;
  /** Stands in for `Math.random()`. */
  readonly random: number;
}

/** One endpoint for as long as the resolver names it, or one with its connection; when it comes back, it is another. */
class ModelEndpoint {
  addresses: readonly string[];
  state: State = IDLE;
  /** Its connection. */
  via: string | undefined;
  /** Since when pick_first has been CONNECTING. */
  attempt: number | undefined;
  /** All addresses have failed since the last connection: pick_first is CONNECTING no more. */
  private isSticky = false;
  /** An attempt has hung: it connects to subchannels of its own, of which nothing is heard in this world. */
  private isAlone = false;
  /** Until when it waits after brief connections, or attempts that hung. */
  restsUntil: number | undefined;
  /** The how many-th wait it is, of all endpoints': several may begin in one millisecond. */
  rest = 0;
  /** How long it will wait if the next connection is brief, too. */
  private delay: number | undefined;
  private readySince = 0;
  private failed: Set<string> = new Set();
  private readonly world: World;

  constructor(world: World, addresses: readonly string[]) {
    this.world = world;
    this.addresses = addresses;
  }

  /** Tries the addresses, as pick_first does at its start, after a loss, and when their options change. */
  connect(): void {
    const stateOf = (address: string): State => (this.isAlone ? IDLE : this.world.stateOf(address));
    this.via = this.addresses.find((address) => stateOf(address) === READY);
    this.failed = new Set(this.addresses.filter((address) => stateOf(address) === TRANSIENT_FAILURE));
    if (this.via !== undefined) {
      this.serve(this.via);
      return;
    }
    if (this.state === IDLE) this.state = CONNECTING;
    if (!this.isSticky) this.attempt ??= this.world.now;
    this.giveIn();
  }

  private giveIn(): void {
    if (!this.addresses.every((address) => this.failed.has(address))) return;
    this.state = TRANSIENT_FAILURE;
    this.isSticky = true;
    this.attempt = undefined;
  }

  /** It is to count as failed, and to connect again after a wait. */
  hang(): void {
    this.state = TRANSIENT_FAILURE;
    this.attempt = undefined;
    this.isAlone = true;
    this.rests();
  }

  private rests(): void {
    const { now, random } = this.world;
    this.delay ??= FIRST_DELAY_MS;
    this.rest = ++rests;
    this.restsUntil = now + Math.trunc(this.delay);
    this.delay = nextDelay(this.delay, random);
  }

  private serve(via: string): void {
    if (this.state !== READY) this.readySince = this.world.now;
    this.via = via;
    this.state = READY;
    this.attempt = undefined;
    this.isSticky = false;
  }

  /** Of brief connections in a row each but the first is followed by a wait. */
  private lose(): void {
    const { now } = this.world;
    this.via = undefined;
    const waits = this.delay !== undefined && now - this.readySince < LASTING_MS;
    this.state = waits ? TRANSIENT_FAILURE : IDLE;
    if (now - this.readySince >= LASTING_MS) this.delay = undefined;
    else if (this.delay === undefined) this.delay = FIRST_DELAY_MS;
    else this.rests();
  }

  /** Has pick_first nothing to do? */
  get isAtRest(): boolean {
    return this.state === IDLE || this.restsUntil !== undefined;
  }

  /** An address has changed its state. */
  hear(address: string, state: State): void {
    if (this.state === READY) {
      if (address === this.via && state !== READY) this.lose();
    } else if (!this.isAtRest && !this.isAlone && this.addresses.includes(address)) {
      if (state === READY) this.serve(address);
      else if (state === TRANSIENT_FAILURE) {
        this.failed.add(address);
        this.giveIn();
      }
    }
  }

  /** How many references to subchannels pick_first holds. */
  get refs(): number {
    return this.state === READY ? 1 : this.isAtRest ? 0 : this.addresses.length;
  }
}

export class Model {
  endpoints: readonly ModelEndpoint[] = [];
  /** The newest good config. */
  config: Config | undefined;
  /** How many subchannels have been asked for: tells a connection that is touched without need. */
  created = 0;
  /** The resolver has had an answer. */
  private answered = false;
  /** Since when the policy has had endpoints to connect to. */
  private startedAt: number | undefined;
  /** The waiting phase is over. */
  private serving = false;
  /** The rotation, the endpoint whose turn it is, and how many RPCs of its turn it has had. */
  private rotation: readonly ModelEndpoint[] = [];
  private turn: ModelEndpoint | undefined;
  private used = 0;
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  /** An update with the config that goes with it, undefined for a bad one. Answers whether it is accepted. */
  update(resolution: Resolution, config: Config | undefined, optionsChanged: boolean): boolean {
    this.config = config ?? this.config;
    if (this.config === undefined || resolution === 'error') {
      if (this.endpoints.length > 0) this.settle();
      return true;
    }
    const answered = this.answered;
    this.answered = true;
    const before = this.endpoints;
    const listed = new Map<string, ModelEndpoint>();
    for (const named of resolution) {
      const addresses = [...new Set(named)];
      const key = keyOf(addresses);
      if (addresses.length === 0 || listed.has(key)) continue;
      const known = before.find((endpoint) => keyOf(endpoint.addresses) === key);
      if (known) known.addresses = addresses;
      listed.set(key, known ?? new ModelEndpoint(this.world, addresses));
    }
    this.endpoints = this.goOn([...listed.values()], before);
    for (const endpoint of this.endpoints) {
      if (!before.includes(endpoint) || (optionsChanged && !endpoint.isAtRest)) this.connect(endpoint);
    }
    if (this.endpoints.length > 0) this.startedAt ??= this.world.now;
    this.settle();
    return this.endpoints.length > 0 || !answered;
  }

  /** Endpoints that have gained or lost addresses go on with the connection that they have. */
  private goOn(now: readonly ModelEndpoint[], before: readonly ModelEndpoint[]): readonly ModelEndpoint[] {
    const former = new Map<ModelEndpoint, ModelEndpoint>();
    const isFree = (one: ModelEndpoint) => !now.includes(one) && ![...former.values()].includes(one);
    for (const isAt of [
      (one: ModelEndpoint, address: string) => one.via === address,
      (one: ModelEndpoint, address: string) => one.addresses.includes(address),
    ]) {
      for (const newcomer of now) {
        if (before.includes(newcomer) || former.has(newcomer)) continue;
        const found = newcomer.addresses.flatMap((address) =>
          before.filter((one) => isFree(one) && isAt(one, address)),
        )[0];
        if (found !== undefined) former.set(newcomer, found);
      }
    }
    return now.map((endpoint) => {
      const found = former.get(endpoint);
      if (found?.via === undefined || !endpoint.addresses.includes(found.via)) return endpoint;
      found.addresses = endpoint.addresses;
      return found;
    });
  }

  /** An address has changed its state. */
  hear(address: string, state: State): void {
    for (const endpoint of this.endpoints) endpoint.hear(address, state);
    this.settle();
  }

  /** Lost connections are connected again in the next tick. */
  reconnect(endpoint: ModelEndpoint): void {
    if (endpoint.state !== IDLE || !this.endpoints.includes(endpoint)) return;
    this.connect(endpoint);
    this.settle();
  }

  private connect(endpoint: ModelEndpoint): void {
    this.created += endpoint.addresses.length;
    endpoint.connect();
  }

  /** When time alone next changes something. */
  get deadline(): number {
    const ends = this.endpoints.map(
      ({ attempt = Number.POSITIVE_INFINITY }) => attempt + ENDPOINT_TIMEOUT_MS,
    );
    const rests = this.endpoints.map(({ restsUntil = Number.POSITIVE_INFINITY }) => restsUntil);
    const wait = (this.startedAt ?? 0) + (this.config?.readyTimeoutMs ?? 0);
    return Math.min(
      ...ends,
      ...rests,
      this.serving || wait <= this.world.now ? Number.POSITIVE_INFINITY : wait,
    );
  }

  /** How many endpoints connect again at that time. */
  reconnecting(at: number): number {
    return this.endpoints.filter(({ restsUntil }) => restsUntil === at).length;
  }

  /** Time has passed, up to the deadline at most. */
  elapse(): void {
    // One event after the other, in the order in which the waits began.
    const rested = this.endpoints.filter(({ restsUntil }) => restsUntil === this.world.now);
    for (const endpoint of rested.sort((a, b) => a.rest - b.rest)) {
      endpoint.restsUntil = undefined;
      this.connect(endpoint);
      this.settle();
    }
    for (const endpoint of this.endpoints) {
      const { attempt = this.world.now } = endpoint;
      if (this.world.now - attempt >= ENDPOINT_TIMEOUT_MS) endpoint.hang();
    }
    this.settle();
  }

  get ready(): readonly ModelEndpoint[] {
    return this.endpoints.filter(({ state }) => state === READY);
  }

  /** DESIGN.md's table. */
  get state(): State {
    if (this.serving && this.ready.length > 0) return READY;
    return this.endpoints.every(({ state }) => state === TRANSIENT_FAILURE) ? TRANSIENT_FAILURE : CONNECTING;
  }

  get refs(): number {
    return this.endpoints.reduce((sum, { refs }) => sum + refs, 0);
  }

  /** The address that the next RPC goes to. */
  pick(): string | undefined {
    if (this.used >= (this.config?.repeatCount ?? 0)) {
      this.used = 0;
      this.turn =
        this.rotation[(this.rotation.indexOf(this.turn as ModelEndpoint) + 1) % this.rotation.length];
    }
    this.used++;
    return this.turn?.via;
  }

  private settle(): void {
    const { ready, turn } = this;
    if (!this.serving) {
      const { readyTimeoutMs = 0, randomStart = false } = this.config ?? {};
      const waited = this.world.now - (this.startedAt ?? 0) >= readyTimeoutMs;
      if (ready.length === 0 || (ready.length < this.endpoints.length && !waited)) return;
      this.serving = true;
      this.turn = ready[randomStart ? Math.floor(this.world.random * ready.length) : 0];
    } else if (turn !== undefined && !ready.includes(turn)) {
      // Whoever is next has a full count, and with nobody READY the position stays where it is.
      this.used = 0;
    }
    if (ready.length === 0) return;
    this.turn = this.successor(ready);
    this.rotation = ready;
  }

  /** Whose turn it is now: the same endpoint's, or that of the next one in the resolver's order which survives. */
  private successor(ready: readonly ModelEndpoint[]): ModelEndpoint | undefined {
    const turn = this.turn as ModelEndpoint;
    if (ready.includes(turn)) return turn;
    const isReady = (endpoint: ModelEndpoint) => ready.includes(endpoint);
    const from = this.rotation.indexOf(turn) + 1;
    const survivor = [...this.rotation.slice(from), ...this.rotation.slice(0, from)].find(isReady);
    const behind = this.endpoints.includes(turn) ? this.endpoints.indexOf(turn) + 1 : 0;
    return survivor ?? this.endpoints.slice(behind).find(isReady) ?? ready[0];
  }
}

/** What identifies an endpoint: the set of its addresses. */
function keyOf(addresses: readonly string[]): string {
  return [...new Set(addresses)].sort().join();
}
