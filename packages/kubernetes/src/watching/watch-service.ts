/**
 * The slices of one Service, for as long as somebody wants them: a list, then watches from there on, each of which ends some
 * time.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '@petiole/service-config/internal';
import type { Cluster } from '../api/cluster.js';
import {
  isForgotten,
  isTransient,
  listSlices,
  MOST_SLICES,
  type NamedObject,
  type SliceEvent,
  type SliceScope,
  tooMany,
  watchSlices,
} from '../api/slice-requests.js';
import { readSlice, type Slice } from '../slices/slice.js';
import type { ServiceTarget } from '../target/service-target.js';

/** What is known of a Service: its slices by name, and why where one cannot be used. */
export type KnownSlices = ReadonlyMap<string, KnownSlice>;
type KnownSlice = Slice | { readonly error: string };

/** Where a watch stands. It outlives a failure: the watch that is begun after it goes on from there. */
export class Position {
  slices: Map<string, KnownSlice> = new Map();
  /** What the next watch goes on from; undefined: a list is due. */
  version: string | undefined;
  /** When watches began to fail, by `performance.now()`; undefined while they bring something. */
  failingSince: number | undefined;
}

export interface ServiceWatch {
  readonly target: ServiceTarget;
  /** Called for each request: its token may have been replaced. */
  readonly findCluster: () => Promise<Cluster>;
  /** Where it goes on; it writes there how far it has come. */
  readonly position: Position;
  readonly signal: AbortSignal;
  /** They were listed, or have changed. */
  readonly changed: (slices: KnownSlices, scope: SliceScope) => void;
  readonly trace: ((text: () => string) => void) | undefined;
  readonly timing: Timing;
}

/** Milliseconds. */
export interface Timing {
  /** Between a watch that was lost and the next one. It grows while watches bring nothing, one after the other. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** After which a watch is begun anew. */
  readonly longestSilence: number;
  /** For which a version is gone on from while watches fail. Then all slices are listed, if only that works. */
  readonly longestOutage: number;
}

/** The API server sends a bookmark about once a minute, and restarts within two. */
export const TIMING: Timing = {
  firstPause: 200,
  longestPause: 30_000,
  longestSilence: 150_000,
  longestOutage: 120_000,
};

/** As gRPC's own back-off grows. */
const GROWTH = 1.6;

/**
 * Ends when the signal is aborted.
 * @throws Error when the API server cannot be asked, or cannot be understood. The position is kept where it is worth something.
 */
export async function watchService({
  target: { service, namespace, port },
  findCluster,
  position,
  signal,
  changed,
  trace,
  timing,
}: ServiceWatch): Promise<void> {
  let isTold = false;
  const tell = (scope: SliceScope): void => {
    isTold = true;
    changed(position.slices, scope);
  };
  if (performance.now() - (position.failingSince ?? Number.POSITIVE_INFINITY) > timing.longestOutage) {
    position.version = undefined;
  }
  for (let fruitless = 0; !signal.aborted; fruitless += 1) {
    const begun = performance.now();
    try {
      const cluster = await findCluster();
      const scope = { service, namespace: namespace ?? cluster.namespace };
      if (position.version === undefined) {
        const { items, version } = await listSlices(cluster, scope, signal);
        trace?.(() => `${items.length} slices at version ${version}`);
        position.slices = new Map(items.map((item) => [item.name, read(item, port, position.slices)]));
        position.version = version;
        tell(scope);
      }
      for await (const events of watchSlices(
        cluster,
        scope,
        position.version,
        signal,
        timing.longestSilence,
      )) {
        const news = events.filter((event) => apply(position.slices, scope, port, event));
        if (news.length > 0 || !isTold) tell(scope);
        if (events.length === 0) continue;
        position.version = events.at(-1)?.version;
        position.failingSince = undefined;
        fruitless = 0;
      }
      trace?.(() => `the watch ended at version ${position.version}`);
    } catch (error) {
      if (isTransient(error)) position.failingSince ??= performance.now();
      else position.version = undefined;
      if (!isForgotten(error)) throw error;
      trace?.(() => `the version is forgotten: ${messageOf(error)}`);
    }
    if (performance.now() - begun > timing.longestPause) fruitless = 0;
    await pauseFor(delay(fruitless, timing), signal);
  }
}

function apply(
  slices: Map<string, KnownSlice>,
  scope: SliceScope,
  port: number | string,
  event: SliceEvent,
): boolean {
  switch (event.kind) {
    case 'bookmark':
      return false;
    case 'deleted':
      return slices.delete(event.name);
    case 'set':
      slices.set(event.name, read(event, port, slices));
      if (slices.size > MOST_SLICES) throw tooMany(scope);
      return true;
  }
}

function read({ name, object }: NamedObject, port: number | string, known: KnownSlices): KnownSlice {
  const before = known.get(name);
  try {
    return readSlice(object, port, before && 'error' in before ? undefined : before);
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** Grows with each watch that brought nothing; between half of it and the whole, so that clients do not come in step. */
function delay(fruitless: number, { firstPause, longestPause }: Timing): number {
  return Math.min(firstPause * GROWTH ** fruitless, longestPause) * (0.5 + 0.5 * Math.random());
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal, ref: false }).catch(() => {});
}
