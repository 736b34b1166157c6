/**
 * What the channel's options mean to the endpoints, among them the attributes that a resolver sets, and whether an
 * update changes it. Every change replaces every subchannel (R17), so only a real one counts.
 */
import { isDeepStrictEqual } from 'node:util';
import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { HEALTH_CHECK_SERVICE_NAME_ATTRIBUTE, own, TARGET_ATTRIBUTE } from '@petiole/service-config/internal';

const { CHANNEL_ARGS_CONFIG_SELECTOR_KEY, SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX } = experimental;

export class ChannelArguments {
  /** The arguments that all children share, kept as long as they mean the same. */
  current: ChannelOptions = {};
  /** The service to health-check, undefined for no health checking. */
  healthService: string | undefined = undefined;
  /** The channel's target, for events; known when a resolver of `@petiole/resolver` serves it. */
  target: string | undefined = undefined;

  /**
   * Takes the options of an update. True if a subchannel would be made differently from now on: keys that
   * never reach one do not count, and a fresh object with the same content is the same.
   */
  adopt(options: ChannelOptions): boolean {
    const { current, healthService } = this;
    this.target = textOf(options[TARGET_ATTRIBUTE]);
    this.healthService = healthCheckServiceOf(options);
    // The config selector is new on each xDS update, and would make each subchannel unlike its predecessor.
    const { [CHANNEL_ARGS_CONFIG_SELECTOR_KEY]: _, ...next } = options;
    if (!sameArguments(current, next)) this.current = next;
    return this.current !== current || this.healthService !== healthService;
  }
}

function sameArguments(a: ChannelOptions, b: ChannelOptions): boolean {
  for (const key of Object.keys(a)) if (counts(key) && !(key in b)) return false;
  for (const key of Object.keys(b)) if (counts(key) && !isDeepStrictEqual(a[key], b[key])) return false;
  return true;
}

function counts(key: string): boolean {
  return !key.startsWith(SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX);
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
  try {
    return textOf(own(own(JSON.parse(json)).healthCheckConfig).serviceName);
  } catch {
    return undefined; // grpc-js has thrown on this config already, where the user can see it
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
