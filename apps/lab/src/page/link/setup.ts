/**
 * A setup of the lab as text for a link: the service config, the load, and how each server is. What comes out of a link is
 * from a stranger: it is bounded, and each part is looked at.
 */
import type { Action, Bound, Bounds, LoadSettings, ServerState, State } from '../../protocol.js';
import { isObject, type JsonObject } from '../config/json.js';

export interface Setup {
  readonly serviceConfig: string;
  readonly load: LoadSettings;
  readonly servers: readonly ServerSetup[];
}

export interface ServerSetup {
  readonly isStopped: boolean;
  readonly healthy: boolean;
  readonly dualStack: boolean;
  readonly delayMs: number;
  readonly errorRate: number;
  /** null: no limit. */
  readonly streamLimit: number | null;
}

/** No link is longer. */
const MOST_CHARACTERS = 16_384;

export function setupOf({ client, servers }: State): Setup {
  return {
    serviceConfig: client.serviceConfig,
    load: client.load,
    servers: servers.map(({ phase, healthy, dualStack, delayMs, errorRate, streamLimit }) => ({
      isStopped: phase === 'stopped',
      healthy,
      dualStack,
      delayMs,
      errorRate,
      streamLimit: streamLimit ?? null,
    })),
  };
}

export function encode(setup: Setup): string {
  const bytes = new TextEncoder().encode(JSON.stringify(setup));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}

/** Undefined if the text is no setup that this lab could have. */
export function decode(text: string, bounds: Bounds): Setup | undefined {
  if (text.length > MOST_CHARACTERS) return undefined;
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return read(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), bounds);
  } catch {
    return undefined;
  }
}

function read(setup: unknown, bounds: Bounds): Setup | undefined {
  if (!isObject(setup) || typeof setup.serviceConfig !== 'string') return undefined;
  const { serviceConfig, load, servers } = setup;
  if (!isObject(load) || !Array.isArray(servers) || !isWithin(servers.length, bounds.servers))
    return undefined;
  const { rate, concurrency, kind } = load;
  if (!isWithin(rate, bounds.rate) || !isWithin(concurrency, bounds.concurrency)) return undefined;
  if (kind !== 'unary' && kind !== 'streams') return undefined;
  const read = servers.map((server: unknown) => (isObject(server) ? readServer(server, bounds) : undefined));
  if (read.includes(undefined)) return undefined;
  return { serviceConfig, load: { rate, concurrency, kind }, servers: read as ServerSetup[] };
}

function readServer(server: JsonObject, bounds: Bounds): ServerSetup | undefined {
  const { isStopped, healthy, dualStack, delayMs, errorRate, streamLimit } = server;
  if (typeof isStopped !== 'boolean' || typeof healthy !== 'boolean' || typeof dualStack !== 'boolean')
    return undefined;
  if (!isWithin(delayMs, bounds.delayMs) || !isWithin(errorRate, bounds.errorRate)) return undefined;
  if (streamLimit !== null && !isWithin(streamLimit, bounds.streamLimit)) return undefined;
  return { isStopped, healthy, dualStack, delayMs, errorRate, streamLimit };
}

function isWithin(value: unknown, { min, max }: Bound): value is number {
  return typeof value === 'number' && value >= min && value <= max;
}

/** What makes a server so; nothing where it is so already. */
export function actionsFor(server: ServerState, wanted: ServerSetup): readonly Action[] {
  const { isStopped, healthy, dualStack, delayMs, errorRate, streamLimit } = wanted;
  const { id } = server;
  const changes = {
    ...(healthy !== server.healthy && { healthy }),
    ...(delayMs !== server.delayMs && { delayMs }),
    ...(errorRate !== server.errorRate && { errorRate }),
    ...(dualStack !== server.dualStack && { dualStack }),
    ...(streamLimit !== (server.streamLimit ?? null) && { streamLimit }),
  };
  const actions: Action[] = [];
  if (Object.keys(changes).length > 0) actions.push({ do: 'set-server', server: id, ...changes });
  if (isStopped !== (server.phase === 'stopped'))
    actions.push({ do: isStopped ? 'stop' : 'start', server: id });
  return actions;
}
