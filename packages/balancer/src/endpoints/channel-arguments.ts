/**
 * What the channel's options mean to the endpoints, among them the attributes that a resolver sets, and whether an
 * update changes it. Every change replaces every subchannel (R17), so only a real one counts.
 */
import { isDeepStrictEqual } from 'node:util';
import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import {
  got,
  HEALTH_CHECK_SERVICE_NAME_ATTRIBUTE,
  type Json,
  logError,
  MAX_CONNECTIONS_ATTRIBUTE,
  own,
  TARGET_ATTRIBUTE,
} from '@petiole/service-config/internal';

const { CHANNEL_ARGS_CONFIG_SELECTOR_KEY, SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX } = experimental;

/** A subchannel with another value of it is another one: grpc-js has one for each address and arguments. */
const CONNECTION_ARGUMENT = 'petiole.connection';

/** gRFC A105: "This limit will be 10 by default", and a channel may have another one. */
const CAP_OPTION = 'grpc.max_connections_per_subchannel_cap';
const DEFAULT_CAP = 10;
/** For servers that allow more than the program wants, and where grpc-js does not say what they allow. */
const MAX_STREAMS_OPTION = 'petiole.max_concurrent_streams';

/** Both are of type uint32. */
const MOST = 2 ** 32 - 1;

/** Of all endpoints of the process: such a connection is nobody else's. */
let connections = 0;

/** The number of a connection beside another one to the same address, for {@link ChannelArguments.of}. */
export function nextConnection(): number {
  return ++connections;
}

export class ChannelArguments {
  /** The arguments that all children share, kept as long as they mean the same. */
  current: ChannelOptions = {};
  /** The service to health-check, undefined for no health checking. */
  healthService: string | undefined = undefined;
  /** The channel's target, for events; known when a resolver of `@petiole/resolver` serves it. */
  target: string | undefined = undefined;
  /** How many connections an endpoint may have. */
  maxConnections = 1;
  /** How many streams a connection may have; Infinity for as many as the server allows. */
  maxStreams: number = Number.POSITIVE_INFINITY;

  /** The arguments of a connection; 0 is the one that channels share. */
  of(connection: number): ChannelOptions {
    return connection === 0 ? this.current : { ...this.current, [CONNECTION_ARGUMENT]: connection };
  }

  /**
   * Takes the options of an update. True if a subchannel would be made differently from now on: keys that
   * never reach one do not count, and a fresh object with the same content is the same.
   */
  adopt(options: ChannelOptions): boolean {
    const { current, healthService } = this;
    this.target = textOf(options[TARGET_ATTRIBUTE]);
    this.healthService = healthCheckServiceOf(options);
    this.maxConnections = maxConnectionsOf(options);
    this.maxStreams = countOf(options[MAX_STREAMS_OPTION]) ?? Number.POSITIVE_INFINITY;
    for (const name of [CAP_OPTION, MAX_STREAMS_OPTION]) complain(name, options[name], current[name]);
    // The config selector is new on each xDS update, and would make each subchannel unlike its predecessor.
    const { [CHANNEL_ARGS_CONFIG_SELECTOR_KEY]: _, ...next } = options;
    if (!isDeepStrictEqual(argumentsOf(current), argumentsOf(next))) this.current = next;
    return this.current !== current || this.healthService !== healthService;
  }
}

/** Logs a bad value, once: updates bring the same one again. */
function complain(name: string, value: unknown, before: unknown): void {
  if (value === undefined || countOf(value) !== undefined || isDeepStrictEqual(value, before)) return;
  logError(`The channel option ${name} must be an integer from 1 to ${MOST}, ${got(value)}: ignored.`);
}

/** Those that reach a subchannel. */
function argumentsOf(options: ChannelOptions): object {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.filter(([key]) => !key.startsWith(SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX)));
}

/**
 * The service name to health-check, or undefined for no health checking (gRFC A17): `grpc.inhibit_health_checking`
 * switches it off.
 *
 * grpc-js drops `healthCheckConfig` when it validates a service config (R18). So it is read from the attribute that
 * our resolvers pass along with a service config of their own, else from the channel's `grpc.service_config`.
 * An empty name asks for the health of the server as a whole; without `serviceName` there is no health checking.
 */
export function healthCheckServiceOf(options: ChannelOptions): string | undefined {
  if (options['grpc.inhibit_health_checking']) return undefined;
  const { [HEALTH_CHECK_SERVICE_NAME_ATTRIBUTE]: attribute, 'grpc.service_config': json } = options;
  if (attribute !== undefined || json === undefined) return textOf(attribute);
  return textOf(own(fieldsOf(json).healthCheckConfig).serviceName);
}

/** How many connections an endpoint may have (gRFC A105). grpc-js drops `connectionScaling` as it does `healthCheckConfig`. */
export function maxConnectionsOf(options: ChannelOptions): number {
  const { [MAX_CONNECTIONS_ATTRIBUTE]: attribute, 'grpc.service_config': json } = options;
  const most = attribute ?? (json && own(fieldsOf(json).connectionScaling).maxConnectionsPerSubchannel);
  return Math.min(countOf(most) ?? 1, countOf(options[CAP_OPTION]) ?? DEFAULT_CAP);
}

function fieldsOf(json: string): Json {
  try {
    return own(JSON.parse(json));
  } catch {
    return {}; // grpc-js has thrown on this config already, where the user can see it
  }
}

/** An integer from 1 to {@link MOST}. */
function countOf(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST ? Number(value) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
