/** The two requests that are made of the API server: a list of the slices of a Service, and a watch from there on. */
import type { Readable } from 'node:stream';
import { isJson, type Json, messageOf, quote, show, TurningClock } from '@petiole/service-config/internal';
import type { Cluster } from './cluster.js';
import { lines } from './lines.js';
import { ApiError, get, readAll } from './request.js';

/** Whose slices. */
export interface SliceScope {
  readonly namespace: string;
  readonly service: string;
}

/** An EndpointSlice of which nothing is known yet but its name. */
export interface NamedObject {
  readonly name: string;
  readonly object: Json;
}

/** All slices at a moment. */
export interface SliceList {
  readonly items: readonly NamedObject[];
  /** The moment, for the watch that goes on from there. */
  readonly version: string;
}

/** What a watch reports. */
export type SliceEvent =
  | (NamedObject & { readonly kind: 'set' | 'deleted'; readonly version: string })
  /** Nothing has happened until this version. */
  | { readonly kind: 'bookmark'; readonly version: string };

/** No Service has more: it would be 100,000 pods. */
export const MOST_SLICES = 1000;
const SLICES_PER_PAGE = 50;
/** Pages may have less, even nothing; a list whose every page names another one would have no end. */
const MOST_PAGES = 100;
/** etcd has no object of more than 1.5 MiB. */
const MOST_BYTES_PER_SLICE = 4 * 2 ** 20;
const MOST_BYTES_PER_PAGE = 64 * 2 ** 20;
/** Milliseconds until a page must be there. */
const PAGE_DEADLINE = 30_000;

export async function listSlices(
  cluster: Cluster,
  scope: SliceScope,
  signal: AbortSignal,
): Promise<SliceList> {
  const items: NamedObject[] = [];
  let next = '';
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await readPage(cluster, pathOf(scope, { limit: SLICES_PER_PAGE, continue: next }), signal);
    const { metadata, items: objects } = page;
    const { resourceVersion: version, continue: more } = isJson(metadata) ? metadata : {};
    if (typeof version !== 'string' || !(Array.isArray(objects) || objects === null)) {
      throw new TypeError(`the API server must answer with a list of EndpointSlices, got ${show(page)}`);
    }
    items.push(...(objects ?? []).map(named));
    if (items.length > MOST_SLICES) throw tooMany(scope);
    if (typeof more !== 'string' || more === '') return { items, version };
    next = more;
  }
  throw new RangeError(`the API server gives a list of EndpointSlices in more than ${MOST_PAGES} pages`);
}

/**
 * What happens to the slices from a version on; first nothing, which says that the watch has begun. It ends when the connection
 * does, and when that has been silent for so many milliseconds.
 */
export async function* watchSlices(
  cluster: Cluster,
  scope: SliceScope,
  version: string,
  signal: AbortSignal,
  longestSilence: number,
): AsyncGenerator<readonly SliceEvent[], void, undefined> {
  const query = {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: version,
    // The API server ends the watch after that; it differs, so that clients do not come back all at once.
    timeoutSeconds: 300 + Math.floor(300 * Math.random()),
  };
  const response = await get(cluster, pathOf(scope, query), signal);
  yield [];
  for await (const batch of lines(untilLost(response, longestSilence), MOST_BYTES_PER_SLICE)) {
    const events: SliceEvent[] = [];
    try {
      for (const line of batch) events.push(readEvent(line));
    } finally {
      // What has happened before a bad line, or before the event that ends the watch, counts.
      if (events.length > 0) yield events;
    }
  }
}

/** A connection that is lost is the end of a watch like any other. */
async function* untilLost(
  response: Readable,
  longestSilence: number,
): AsyncGenerator<Buffer, void, undefined> {
  const clock = new TurningClock();
  const listen = (): void => clock.wait(longestSilence, () => response.destroy());
  listen();
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      listen();
      yield chunk;
    }
  } catch {
    // What has arrived until now counts; the next watch goes on from there.
  } finally {
    clock.stop();
  }
}

/** The API server no longer has what a watch would go on from, or the pages of a list would. */
export function isForgotten(error: unknown): boolean {
  return error instanceof ApiError && error.status === GONE;
}

const GONE = 410;

/** The API server cannot be reached, has too much to do, or fails: what it has told until now is as good as before. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { status } = error;
  return status === 0 || status === 429 || status >= 500;
}

export function tooMany({ service, namespace }: SliceScope): RangeError {
  return new RangeError(
    `Service ${quote(service)} in namespace ${quote(namespace)} has more than ${MOST_SLICES} EndpointSlices`,
  );
}

function pathOf(
  { namespace, service }: SliceScope,
  query: Readonly<Record<string, string | number>>,
): string {
  const parameters = new URLSearchParams({ labelSelector: `kubernetes.io/service-name=${service}` });
  for (const [name, value] of Object.entries(query)) if (value !== '') parameters.set(name, String(value));
  return `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?${parameters}`;
}

async function readPage(cluster: Cluster, path: string, signal: AbortSignal): Promise<Json> {
  return parse(await readAll(await get(cluster, path, signal), MOST_BYTES_PER_PAGE, PAGE_DEADLINE));
}

function readEvent(line: string): SliceEvent {
  const { type, object } = parse(line);
  if (!isJson(object)) throw new TypeError(`an event of a watch must have an object, got ${show(object)}`);
  if (type === 'ERROR') {
    const { code, message } = object;
    throw new ApiError(Number(code), `the API server ends the watch: ${show(message)}`);
  }
  const version = isJson(object.metadata) ? object.metadata.resourceVersion : undefined;
  if (typeof version !== 'string') {
    throw new TypeError(`an event of a watch must have metadata.resourceVersion, got ${show(version)}`);
  }
  if (type === 'BOOKMARK') return { kind: 'bookmark', version };
  return { kind: type === 'DELETED' ? 'deleted' : 'set', version, ...named(object) };
}

function named(object: unknown): NamedObject {
  if (!isJson(object)) throw new TypeError(`an EndpointSlice must be an object, got ${show(object)}`);
  const name = isJson(object.metadata) ? object.metadata.name : undefined;
  if (typeof name !== 'string')
    throw new TypeError(`an EndpointSlice must have metadata.name, got ${show(name)}`);
  return { name, object };
}

function parse(text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TypeError(`the API server sent what is no JSON: ${messageOf(error)}`);
  }
  if (!isJson(value)) throw new TypeError(`the API server must answer with an object, got ${show(value)}`);
  return value;
}
