/**
 * `custom_round_robin`: the same endpoint `repeatCount` times, then the next,
 * in the resolver's order. Waits at its start until all endpoints are READY.
 */
import type { experimental } from '@grpc/grpc-js';
import { boolean, type ConfigOf, duration, integer } from '@petiole/service-config';
import { logError } from '@petiole/service-config/internal';
import {
  type AttemptArgs,
  type AttemptPicker,
  describeEndpoints,
  type PolicyEndpoint,
  type Rpc,
} from '../endpoints/endpoint.js';
import { definePolicy } from '../policy/define-policy.js';
import { type Policy, whenUsed } from '../policy/policy-object.js';
import type { PolicyView } from '../policy/view.js';

/** The JSON config of `custom_round_robin`. */
export interface CustomRoundRobinConfig {
  /** RPCs to one endpoint before the next one's turn: an integer from 1 to 4294967295. Default 3. */
  readonly repeatCount?: number | null;
  /**
   * How long to wait at the start for all endpoints before serving with those that are READY: a Duration such
   * as `"5s"`, `"0s"` for not at all. Default: wait for all, however long; one dead server then holds all RPCs.
   */
  readonly readyTimeout?: string | null;
  /** Start at a random endpoint, so that short-lived clients do not all start at the first one. Default false. */
  readonly randomStart?: boolean | null;
}

/** After how long a wait for endpoints is logged. */
const LOG_AFTER_MS = 5000;
const fields = () => ({
  repeatCount: integer({ min: 1, max: 2 ** 32 - 1, default: 3 }),
  readyTimeout: duration(),
  randomStart: boolean(),
});
type Config = ConfigOf<ReturnType<typeof fields>>;

interface Memory {
  rotation: Rotation;
  /** Waits until all endpoints are READY, or `readyTimeout` has passed and one is; serves from then on. */
  phase: 'waiting' | 'waiting, as the log says' | 'serving';
}

type View = PolicyView<Config, Memory, undefined>;

/** The picker: where the rotation stands is all its state. A first attempt of an RPC allocates nothing. */
class Rotation implements AttemptPicker {
  readonly reads = 'rpc';
  private endpoints: readonly PolicyEndpoint[] = [];
  private repeatCount = 0;
  /** The place of the endpoint whose turn it is, and how many RPCs of its turn it has had. */
  private turn = 0;
  private used = 0;
  /** The place that the last attempt out of turn was sent to. */
  private lastDetour = 0;

  /** The rotation over another READY set: begins somewhere at first, and goes on from there. */
  over(ready: readonly PolicyEndpoint[], { repeatCount, randomStart }: Config): Rotation {
    const { endpoints, turn } = this;
    const rotation = new Rotation();
    rotation.endpoints = ready.length > 0 ? ready : endpoints;
    rotation.repeatCount = repeatCount;
    // The one whose turn it is keeps what is left of it. If it has left, whoever comes next has a full count.
    rotation.used = endpoints[turn]?.state === 'READY' ? this.used : 0;
    const left = endpoints[turn]?.index ?? -1;
    const survivor = [...endpoints.slice(turn), ...endpoints.slice(0, turn)].find(isReady);
    const place = survivor ? ready.indexOf(survivor) : ready.findIndex(({ index }) => index > left);
    if (endpoints.length === 0 && randomStart) rotation.turn = Math.floor(Math.random() * ready.length);
    else rotation.turn = ready.length === 0 ? turn : Math.max(place, 0);
    rotation.lastDetour = rotation.turn;
    return rotation;
  }

  pick({ rpc }: AttemptArgs): experimental.PickResult {
    return (rpc.attempt === 0 ? this.next() : this.untried(rpc)).pickResult;
  }

  /** The endpoint whose turn it is. */
  private next(): PolicyEndpoint {
    if (this.used >= this.repeatCount) {
      this.turn = this.after(this.turn);
      this.used = 0;
    }
    this.used++;
    return this.endpoints[this.turn] as PolicyEndpoint;
  }

  /** For a later attempt of an RPC: an endpoint that was not tried. It takes nothing from anybody's turn. */
  private untried({ tried }: Rpc): PolicyEndpoint {
    const { endpoints, turn } = this;
    const next = endpoints[this.used < this.repeatCount ? turn : this.after(turn)] as PolicyEndpoint;
    for (let left = tried.includes(next) ? endpoints.length : 0; left > 0; left--) {
      this.lastDetour = this.after(this.lastDetour);
      const endpoint = endpoints[this.lastDetour] as PolicyEndpoint;
      if (isReady(endpoint) && !tried.includes(endpoint)) return endpoint;
    }
    return this.next();
  }

  private after(place: number): number {
    return place + 1 === this.endpoints.length ? 0 : place + 1;
  }
}

const isReady = ({ state }: PolicyEndpoint): boolean => state === 'READY';

/** `custom_round_robin`. */
export const customRoundRobin: Policy<CustomRoundRobinConfig> = whenUsed(() =>
  definePolicy({
    name: 'custom_round_robin',
    fields: fields(),
    createMemory: (): Memory => ({ rotation: new Rotation(), phase: 'waiting' }),
    waits: (view: View) => view.memory.phase !== 'serving' && mustWait(view),
    createPicker(ready, { config, memory }) {
      memory.phase = 'serving';
      memory.rotation = memory.rotation.over(ready, config);
      return ready.length > 0 ? memory.rotation : undefined;
    },
  }),
);

function mustWait(view: View): boolean {
  const { memory, endpoints, readyCount, elapsedMs } = view;
  const { readyTimeout = Number.POSITIVE_INFINITY } = view.config;
  if (readyCount > 0 && (readyCount === endpoints.length || elapsedMs >= readyTimeout)) return false;
  if (elapsedMs < readyTimeout) view.wakeAfter(readyTimeout - elapsedMs);
  if (memory.phase === 'waiting') {
    // While all endpoints have failed, RPCs fail and do not wait.
    const isHolding = endpoints.some(({ state }) => state !== 'TRANSIENT_FAILURE');
    if (elapsedMs >= LOG_AFTER_MS && isHolding) logWait(view, readyTimeout);
    else view.wakeAfter(LOG_AFTER_MS - (elapsedMs % LOG_AFTER_MS));
  }
  return true;
}

function logWait({ memory, endpoints, elapsedMs }: View, readyTimeout: number): void {
  memory.phase = 'waiting, as the log says';
  const missing = endpoints.filter((endpoint) => !isReady(endpoint));
  const then =
    readyTimeout === Number.POSITIVE_INFINITY
      ? 'is not set: RPCs wait until all endpoints are READY'
      : elapsedMs < readyTimeout
        ? `is ${readyTimeout / 1000} s: then RPCs go to those that are READY`
        : 'has passed: RPCs wait until one endpoint is READY';
  const which = `${missing.length} of ${endpoints.length} endpoints: ${describeEndpoints(missing)}`;
  logError(`custom_round_robin: waiting for ${which}. readyTimeout ${then}.`);
}
