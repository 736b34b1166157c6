/**
 * `custom_round_robin`: the same endpoint `repeatCount` times, then the next,
 * in the resolver's order. Waits at its start until all endpoints are READY.
 */
import { type experimental, type LoadBalancingConfig, connectivityState as State } from '@grpc/grpc-js';
import { boolean, declareFields, duration, integer, logError } from '@petiole/service-config/internal';
import type { ShardedEndpoint } from '../endpoints/endpoint.js';
import { describeEndpoints } from '../endpoints/failure-message.js';
import { attemptAt, isAmong, type Tried, triedBefore } from '../grpc-js/rpc-attempts.js';
import { definePolicy, type Policy, type PolicyView } from '../policy/define-policy.js';

const NAME = 'custom_round_robin';
const declared = declareFields(NAME, {
  repeatCount: integer({ min: 1, max: 2 ** 32 - 1, default: 3 }),
  readyTimeout: duration(),
  randomStart: boolean(),
});

/** After how long a wait for endpoints is logged. */
const LOG_AFTER_MS = 5000;

/** The JSON config of `custom_round_robin`. */
export interface CustomRoundRobinConfig {
  /** RPCs to one endpoint before the next one's turn: an integer from 1 to 4294967295. Default 3. */
  readonly repeatCount?: number | null;
  /**
   * How long to wait at the start for all endpoints before serving with those that are READY: a Duration such
   * as `"5s"`, `"0s"` for not at all. Default: wait for all, however long; one dead server then holds all RPCs.
   */
  readonly readyTimeout?: string | null;
  /**
   * Start the rotation at a random endpoint. Default false: at the first one. Set it for fleets of short-lived
   * clients, which would otherwise all start at the same server.
   */
  readonly randomStart?: boolean | null;
}

interface Config {
  readonly repeatCount: number;
  readonly readyTimeoutMs: number;
  readonly randomStart: boolean;
}

interface Memory {
  /** The rotation, from the first time that RPCs were served. Its position outlives it. */
  rotation: Rotation | undefined;
  waitLogged: boolean;
}

/** The picker: where the rotation stands is all its state. First attempts allocate nothing. */
class Rotation implements experimental.Picker {
  readonly endpoints: readonly ShardedEndpoint[];
  readonly repeatCount: number;
  /** The place of the endpoint whose turn it is. */
  turn: number;
  /** How many RPCs of its turn it has had. */
  used: number;
  private endpoint: ShardedEndpoint;
  /** The place that the last attempt out of turn was sent to. */
  private lastDetour: number;

  constructor(endpoints: readonly ShardedEndpoint[], repeatCount: number, turn: number, used: number) {
    this.endpoints = endpoints;
    this.repeatCount = repeatCount;
    this.turn = turn;
    this.used = used;
    this.endpoint = endpoints[turn] as ShardedEndpoint;
    this.lastDetour = turn;
  }

  pick(args: experimental.PickArgs): experimental.PickResult {
    const tried = triedBefore(args);
    return tried === undefined ? attemptAt(this.next(), args) : this.pickAgain(args, tried);
  }

  /** For a later attempt of an RPC. A method of its own: the compiler keeps what each pick runs through small. */
  private pickAgain(args: experimental.PickArgs, tried: Tried): experimental.PickResult {
    return attemptAt(this.detour(tried) ?? this.next(), args);
  }

  /** The endpoint whose turn it is. */
  private next(): ShardedEndpoint {
    if (this.used < this.repeatCount) {
      this.used++;
      return this.endpoint;
    }
    this.turn = this.after(this.turn);
    this.endpoint = this.endpoints[this.turn] as ShardedEndpoint;
    this.used = 1;
    return this.endpoint;
  }

  /**
   * An endpoint for an RPC whose earlier attempts went elsewhere, where the one whose turn it is was tried. It takes
   * nothing from anybody's turn; such RPCs take turns of their own.
   */
  private detour(tried: Tried): ShardedEndpoint | undefined {
    const { endpoints } = this;
    const next = this.used < this.repeatCount ? this.endpoint : endpoints[this.after(this.turn)];
    if (!isAmong(tried, next as ShardedEndpoint)) return undefined;
    let place = this.lastDetour;
    for (let step = 0; step < endpoints.length; step++) {
      place = this.after(place);
      const endpoint = endpoints[place] as ShardedEndpoint;
      if (endpoint.state !== State.READY || isAmong(tried, endpoint)) continue;
      this.lastDetour = place;
      return endpoint;
    }
    return undefined;
  }

  private after(place: number): number {
    return place + 1 === this.endpoints.length ? 0 : place + 1;
  }
}

const policy: Policy<CustomRoundRobinConfig> = definePolicy<
  Config,
  Memory,
  undefined,
  CustomRoundRobinConfig
>({
  name: NAME,
  parseConfig(json) {
    const { readyTimeout = Number.POSITIVE_INFINITY, ...config } = declared.parse(json);
    return { ...config, readyTimeoutMs: readyTimeout };
  },
  createMemory: () => ({ rotation: undefined, waitLogged: false }),
  update(view) {
    const { config, memory } = view;
    if (memory.rotation === undefined && mustWait(view)) return undefined;
    const ready = view.ready();
    if (memory.rotation?.endpoints !== ready || memory.rotation.repeatCount !== config.repeatCount) {
      memory.rotation = next(memory.rotation, ready, config);
    }
    return ready.length > 0 ? memory.rotation : undefined;
  },
});

/** The waiting phase: true until all endpoints are READY, or `readyTimeout` has passed and one is. */
function mustWait(view: PolicyView<Config, Memory, undefined>): boolean {
  const { config, memory, endpoints, readyCount, elapsedMs } = view;
  if (readyCount > 0 && (readyCount === endpoints.length || elapsedMs >= config.readyTimeoutMs)) return false;
  if (elapsedMs < config.readyTimeoutMs && config.readyTimeoutMs !== Number.POSITIVE_INFINITY) {
    view.wakeAfter(config.readyTimeoutMs - elapsedMs);
  }
  if (!memory.waitLogged) {
    if (elapsedMs < LOG_AFTER_MS) view.wakeAfter(LOG_AFTER_MS - elapsedMs);
    else memory.waitLogged = logWait(view);
  }
  return true;
}

/** Says what RPCs are waiting for. False if they are not: with every endpoint failed, they fail too. */
function logWait({
  config,
  endpoints,
  readyCount,
  elapsedMs,
}: PolicyView<Config, Memory, undefined>): boolean {
  const missing = endpoints.filter((endpoint) => endpoint.state !== State.READY);
  if (missing.every((endpoint) => endpoint.state === State.TRANSIENT_FAILURE) && readyCount === 0)
    return false;
  const wait =
    config.readyTimeoutMs === Number.POSITIVE_INFINITY
      ? 'readyTimeout is not set: RPCs wait until all endpoints are READY'
      : elapsedMs < config.readyTimeoutMs
        ? `readyTimeout is ${config.readyTimeoutMs / 1000} s: then RPCs go to those that are READY`
        : `readyTimeout has passed: RPCs wait until one endpoint is READY`;
  logError(
    `${NAME}: waiting for ${missing.length} of ${endpoints.length} endpoints: ` +
      `${describeEndpoints(missing, missing.length)}. ${wait}.`,
  );
  return true;
}

/** The rotation over another READY set: goes on where the previous one stood. */
function next(
  previous: Rotation | undefined,
  ready: readonly ShardedEndpoint[],
  { repeatCount, randomStart }: Config,
): Rotation {
  if (previous === undefined) {
    const turn = randomStart ? Math.floor(Math.random() * ready.length) : 0;
    return new Rotation(ready, repeatCount, turn, 0);
  }
  const { endpoints, turn } = previous;
  if (ready.length === 0) {
    // The position is kept, but whoever is first to return gets a full count, whatever an old picker still counts.
    return new Rotation(endpoints, repeatCount, turn, 0);
  }
  for (let step = 0; step < endpoints.length; step++) {
    const survivor = endpoints[(turn + step) % endpoints.length] as ShardedEndpoint;
    if (survivor.state !== State.READY) continue;
    return new Rotation(ready, repeatCount, ready.indexOf(survivor), step === 0 ? previous.used : 0);
  }
  // None of the old endpoints is READY: the first one behind the position in the resolver's order.
  const left = (endpoints[turn] as ShardedEndpoint).index;
  const behind = left < 0 ? 0 : ready.findIndex((endpoint) => endpoint.index > left);
  return new Rotation(ready, repeatCount, Math.max(behind, 0), 0);
}

/** Registers `custom_round_robin` with grpc-js. Calling it again does nothing. */
export function registerCustomRoundRobin(): void {
  policy.register();
}

/**
 * A `loadBalancingConfig` entry: `customRoundRobin({ repeatCount: 3 })` is `{ custom_round_robin: { repeatCount: 3 } }`.
 *
 * @throws RangeError or TypeError that names the field, its value and what is allowed
 */
export function customRoundRobin(config: CustomRoundRobinConfig = {}): LoadBalancingConfig {
  return policy.config(config);
}
