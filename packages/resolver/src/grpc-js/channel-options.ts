/** Channel options that grpc-js reads, too, with the defaults that it has (facts R2 and R3). */
import { type ChannelOptions, experimental } from '@grpc/grpc-js';

/** The back-off of a channel between attempts to connect, for a resolver's own retries. */
export interface ReconnectDelays {
  readonly initialDelay: number;
  readonly maxDelay: number;
}

/** `grpc.initial_reconnect_backoff_ms` and `grpc.max_reconnect_backoff_ms`. */
export function reconnectDelays(channelOptions: ChannelOptions): ReconnectDelays {
  return {
    initialDelay: channelOptions['grpc.initial_reconnect_backoff_ms'] ?? 1000,
    maxDelay: channelOptions['grpc.max_reconnect_backoff_ms'] ?? 120_000,
  };
}

/** Whether the channel has a service config of its own, which counts where its resolver has none (fact R24). */
export function hasServiceConfig(channelOptions: ChannelOptions): boolean {
  return Boolean(channelOptions['grpc.service_config']);
}

/** What the program has given, where grpc-js has the name of an `http_proxy` resolved in its stead (fact R30). */
export function targetBehindProxy(channelOptions: ChannelOptions): string | undefined {
  return channelOptions['grpc.http_connect_target'];
}

/** A back-off that does not keep the process alive. */
export function backoff(retry: () => void, delays: ReconnectDelays): experimental.BackoffTimeout {
  const timeout = new experimental.BackoffTimeout(retry, delays);
  timeout.unref();
  return timeout;
}

const DEFAULT_MIN_TIME_BETWEEN_REQUESTS = 30_000;
const LEAST_MIN_TIME_BETWEEN_REQUESTS = 100;

/**
 * `grpc.dns_min_time_between_resolutions_ms`, default 30000; values that are no such number count as absent.
 * It is at least 100: without a pause, policies ask again from within each answer while an endpoint is down (fact R4).
 */
export function minTimeBetweenRequests(channelOptions: ChannelOptions): number {
  const value: unknown = channelOptions['grpc.dns_min_time_between_resolutions_ms'];
  if (typeof value !== 'number' || !(value >= 0)) return DEFAULT_MIN_TIME_BETWEEN_REQUESTS;
  return Math.min(Math.max(value, LEAST_MIN_TIME_BETWEEN_REQUESTS), 2_147_483_647);
}
