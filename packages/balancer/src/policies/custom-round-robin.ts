/**
 * `custom_round_robin`: the same endpoint `repeatCount` times, then the next,
 * in the resolver's order. Waits at its start until all endpoints are READY.
 */
import { boolean, type ConfigOf, duration, integer } from '@petiole/service-config';
import { logError } from '@petiole/service-config/internal';
import { describeEndpoints } from '../endpoints/endpoint.js';
import { definePolicy } from '../policy/define-policy.js';
import { type Policy, whenUsed } from '../policy/policy-object.js';
import type { PolicyView } from '../policy/view.js';
import { isReady, Rotation } from './choice/rotation.js';

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
