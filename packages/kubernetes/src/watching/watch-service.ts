/**
 * The slices of one Service, for as long as somebody wants them: a list, then a watch from there on, again and again. Each of
 * the two ends some time, and where it stands in this loop is its state.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '@petiole/service-config/internal';
import type { Cluster } from '../api/cluster.js';
import { ApiError } from '../api/request.js';
import {
  listSlices,
  MOST_SLICES,
  type NamedObject,
  type SliceEvent,
  type SliceScope,
  tooMany,
  watchSlices,
} from '../api/slice-requests.js';
import { readSlice, type Slice } from '../slices/slice.js';

/** What is known of a Service: its slices by name, and why where one cannot be used. */
export type KnownSlices = ReadonlyMap<string, KnownSlice>;
type KnownSlice = Slice | { readonly error: string };

export interface ServiceWatch {
  readonly service: string;
  /** Undefined: that of the cluster. */
  readonly namespace: string | undefined;
  /** Called for each request: its token may have been replaced. */
  readonly findCluster: () => Promise<Cluster>;
  readonly signal: AbortSignal;
  /** The slices changed, or are known again after a failure. */
  readonly changed: (slices: KnownSlices, scope: SliceScope) => void;
  /** The API server cannot be asked; what is known stays. */
  readonly failed: (error: unknown) => void;
  readonly trace: ((text: () => string) => void) | undefined;
  /** Milliseconds before another attempt: the first, and the longest. */
  readonly delays: Delays;
}

export interface Delays {
  readonly first: number;
  readonly longest: number;
}

/** A lost watch is resumed soon; an API server that is away is asked twice a minute. */
export const DELAYS: Delays = { first: 200, longest: 30_000 };

/** As gRPC's own back-off grows. */
const GROWTH = 1.6;

/** Ends when the signal is aborted. */
export async function watchService({
  service,
  namespace,
  findCluster,
  signal,
  changed,
  failed,
  trace,
  delays,
}: ServiceWatch): Promise<void> {
  const slices = new Map<string, KnownSlice>();
  /** What the watch goes on from; undefined: a list is due. */
  let version: string | undefined;
  let attempts = 0;
  let isFailing = false;
  while (!signal.aborted) {
    const begun = performance.now();
    try {
      const cluster = await findCluster();
      const scope = { service, namespace: namespace ?? cluster.namespace };
      const tell = (): void => {
        isFailing = false;
        changed(slices, scope);
      };
      if (version === undefined) {
        const list = await listSlices(cluster, scope, signal);
        trace?.(() => `list of ${list.items.length} slices, version ${list.version}`);
        slices.clear();
        for (const item of list.items) slices.set(item.name, read(item));
        version = list.version;
        tell();
      }
      for await (const events of watchSlices(cluster, scope, version, signal)) {
        if (events.length > 0) attempts = 0;
        const news = events.filter((event) => apply(slices, scope, event));
        version = events.at(-1)?.version ?? version;
        if (news.length > 0 || isFailing) tell();
      }
      trace?.(() => `the watch ended at version ${version}`);
    } catch (error) {
      if (signal.aborted) return;
      trace?.(() => `failed: ${messageOf(error)}`);
      const isGone = error instanceof ApiError && error.status === 410;
      // Only what was not answered, or was refused, may be asked for again as it was.
      if (isGone || !(error instanceof ApiError)) version = undefined;
      if (!isGone) {
        isFailing = true;
        failed(error);
      }
    }
    if (performance.now() - begun > delays.longest) attempts = 0;
    await pauseFor(delay(attempts, delays), signal);
    attempts += 1;
  }
}

function apply(slices: Map<string, KnownSlice>, scope: SliceScope, event: SliceEvent): boolean {
  switch (event.kind) {
    case 'bookmark':
      return false;
    case 'deleted':
      return slices.delete(event.name);
    case 'set':
      slices.set(event.name, read(event));
      if (slices.size > MOST_SLICES) throw tooMany(scope);
      return true;
  }
}

function read({ object }: NamedObject): KnownSlice {
  try {
    return readSlice(object);
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** Grows with each attempt that brought nothing; between half of it and the whole, so that clients do not come in step. */
function delay(attempts: number, { first, longest }: Delays): number {
  return Math.min(first * GROWTH ** attempts, longest) * (0.5 + 0.5 * Math.random());
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal, ref: false }).catch(() => {});
}
