/**
 * What the channel's options mean to the endpoints, and whether an update changes
 * it. Every change replaces every subchannel (R17), so only a real one counts.
 */
import { isDeepStrictEqual } from 'node:util';
import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { healthCheckServiceOf, targetOf } from './resolver-attributes.js';

const { CHANNEL_ARGS_CONFIG_SELECTOR_KEY, SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX } = experimental;

export class ChannelArguments {
  /** The arguments that all children share, kept as long as they mean the same. */
  current: ChannelOptions = {};
  /** The service to health-check, undefined for no health checking. */
  healthService: string | undefined = undefined;
  /** The channel's target, for events. */
  target: string | undefined = undefined;

  /**
   * Takes the options of an update. True if a subchannel would be made differently from now on: keys that
   * never reach one do not count, and a fresh object with the same content is the same.
   */
  adopt(options: ChannelOptions): boolean {
    const { current, healthService } = this;
    this.target = targetOf(options);
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
