/**
 * The slices of one Service, for as long as somebody wants them: a list, then watches from there on, each of which ends some
 * time. Where it stands in this loop is its state.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '@petiole/service-config/internal';
import type { Cluster } from '../api/cluster.js';
import {
  isForgotten,
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

export interface ServiceWatch {
  readonly target: ServiceTarget;
  /** Called for each request: its token may have been replaced. */
  readonly findCluster: () => Promise<Cluster>;
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
}

/** The API server sends a bookmark about once a minute. */
export const TIMING: Timing = { firstPause: 200, longestPause: 30_000, longestSilence: 150_000 };

/** As gRPC's own back-off grows. */
const GROWTH = 1.6;

/**
 * Ends when the signal is aborted.
 * @throws Error when the API server cannot be asked, or cannot be understood.
 */
export async function watchService({
  target: { service, namespace, port },
  findCluster,
  signal,
  changed,
  trace,
  timing,
}: ServiceWatch): Promise<void> {
  let slices = new Map<string, KnownSlice>();
  /** What the next watch goes on from; undefined: a list is due. */
  let version: string | undefined;
  for (let fruitless = 0; !signal.aborted; fruitless += 1) {
    const begun = performance.now();
    const cluster = await findCluster();
    const scope = { service, namespace: namespace ?? cluster.namespace };
    try {
      if (version === undefined) {
        const list = await listSlices(cluster, scope, signal);
        trace?.(() => `${list.items.length} slices at version ${list.version}`);
        slices = new Map(list.items.map((item) => [item.name, read(item, port, slices)]));
        version = list.version;
        changed(slices, scope);
      }
      for await (const events of watchSlices(cluster, scope, version, signal, timing.longestSilence)) {
        fruitless = 0;
        const news = events.filter((event) => apply(slices, scope, port, event));
        version = events.at(-1)?.version ?? version;
        if (news.length > 0) changed(slices, scope);
      }
      trace?.(() => `the watch ended at version ${version}`);
    } catch (error) {
      if (!isForgotten(error)) throw error;
      trace?.(() => `version ${version} is forgotten: ${messageOf(error)}`);
      version = undefined;
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
