/**
 * The back-off after connections that are lost as soon as they are made. To grpc-js each of them was a success, and only
 * a failure has a back-off: a peer that sends GOAWAY at once would be called thousands of times a second.
 */
import { type ChannelOptions, experimental } from '@grpc/grpc-js';

/**
 * A connection that lives so long is no brief one. Somewhat less than a second, so that servers which end connections
 * after one (`grpc.max_connection_age_ms`) are not meant: their jitter is 10 %.
 */
export const LASTING_MS = 800;

/** The back-off that failed attempts have, by the options of the channel. Keeps no process alive. */
export function reconnectBackoff(
  options: ChannelOptions,
  reconnect: () => void,
): experimental.BackoffTimeout {
  const initialDelay = options['grpc.initial_reconnect_backoff_ms'];
  const maxDelay = options['grpc.max_reconnect_backoff_ms'];
  const backoff = new experimental.BackoffTimeout(reconnect, {
    ...(initialDelay === undefined ? {} : { initialDelay }),
    ...(maxDelay === undefined ? {} : { maxDelay }),
  });
  backoff.unref();
  return backoff;
}
