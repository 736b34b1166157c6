/** What a channel to `k8s:` is told: the endpoints that its target means, whenever its slices change, or why there are none. */
import type { ResolverTarget } from '@petiole/resolver';
import { quote } from '@petiole/service-config/internal';
import { findCluster } from '../api/find-cluster.js';
import { SURROUNDINGS, type Surroundings } from '../api/service-account.js';
import type { SliceScope } from '../api/slice-requests.js';
import { ServiceEndpoints } from '../slices/endpoints.js';
import type { PodEndpoint, Slice } from '../slices/slice.js';
import { parseServiceTarget } from '../target/service-target.js';
import { Paced } from './paced.js';
import { type KnownSlices, Position, TIMING, type Timing, watchService } from './watch-service.js';

/** What a watch has to tell, and for how long. */
export interface TargetWatch {
  /** The same object when a watch is begun again after a failure: it goes on from where that was. */
  readonly target: Pick<ResolverTarget, 'authority' | 'path'>;
  readonly signal: AbortSignal;
  /** All endpoints there are now. */
  update(found: Found): void;
  readonly trace?: ((text: () => string) => void) | undefined;
}

export interface Found {
  readonly endpoints: readonly PodEndpoint[];
  /** Why there is none, and which slices cannot be used; empty when all is well. */
  readonly note: string;
}

/**
 * Milliseconds between updates. The first change is told at once; a rollout changes slices many times a second, and each
 * update costs the event loop some time for each endpoint.
 */
const PACE = 20;

/** Those of watches that run, and of those that are to be begun again. */
const positions = new WeakMap<TargetWatch['target'], Position>();

/**
 * Ends when the signal is aborted.
 * @throws {TargetError} on a bad target; Error when the API server cannot be asked: whoever watches waits, and begins anew.
 */
export async function watchTarget(
  { target, signal, update, trace }: TargetWatch,
  surroundings: Surroundings = SURROUNDINGS,
  timing: Timing = TIMING,
): Promise<void> {
  const wanted = parseServiceTarget(target);
  const endpoints = new ServiceEndpoints(wanted.port);
  const position = positions.get(target) ?? new Position();
  positions.set(target, position);
  let latest: () => Found;
  const telling = new Paced(PACE, () => {
    if (!signal.aborted) update(latest());
  });
  try {
    await watchService({
      target: wanted,
      findCluster: () => findCluster(wanted.context, surroundings),
      position,
      signal,
      changed: (slices, scope) => {
        latest = () => found(slices, scope, endpoints);
        telling.ask();
      },
      trace,
      timing,
    });
  } finally {
    telling.finish();
    if (signal.aborted) positions.delete(target);
  }
}

function found(known: KnownSlices, { service, namespace }: SliceScope, all: ServiceEndpoints): Found {
  const slices = new Map<string, Slice>();
  const troubles: string[] = [];
  // In the order of their names, as a list has them: a watch brings them in any order.
  for (const [name, slice] of [...known].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const trouble = 'error' in slice ? slice.error : slice.refused.join('; ');
    if (trouble !== '') troubles.push(`EndpointSlice ${quote(name)}: ${trouble}`);
    if (!('error' in slice)) slices.set(name, slice);
  }
  const { endpoints, reason } = all.of(slices);
  const name = `Service ${quote(service)} in namespace ${quote(namespace)}`;
  if (known.size === 0) {
    troubles.push(
      `there is no ${name}, or it has no selector: no EndpointSlice has the label kubernetes.io/service-name=${service}`,
    );
  } else if (reason !== '') {
    troubles.push(`${name}: ${reason}`);
  }
  return { endpoints, note: troubles.slice(0, 10).join('; ') };
}
