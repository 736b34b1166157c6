/**
 * How soon an endpoint connects again after it has lost a connection: at once, or with back-off where attempts hang, or connections
 * are lost as soon as they are made. To grpc-js each of them was a success, and only a failure has a back-off (B7): a peer
 * that sends GOAWAY at once would be called thousands of times a second.
 */
import { type ChannelOptions, experimental, type Metadata, status } from '@grpc/grpc-js';

/**
 * A connection that lives so long is no brief one. Somewhat less than a second, so that servers which end connections
 * after one (`grpc.max_connection_age_ms`) are not meant: their jitter is 10 %.
 */
const LASTING_MS = 800;

/** Longer ago than any attempt: whatever was lost, it has lasted. */
const PROVEN = -LASTING_MS;

/** In milliseconds, whole: V8 keeps whole numbers in the object itself. */
const now = (): number => Math.trunc(performance.now());

export class ReconnectPace {
  /** When the newest attempt or its connection began; PROVEN once an RPC was answered. */
  private youngSince = PROVEN;
  /** The last connection was lost as soon as it was made: if this one is, the next attempt waits. */
  private backoff: experimental.BackoffTimeout | undefined = undefined;

  /** An attempt begins, or its connection. */
  begin(): void {
    this.youngSince = now();
  }

  /** An RPC has ended on the connection. One that its server ended, and not the client or a loss, proves the connection good. */
  callEnded(code: status, trailers: Metadata): void {
    if (this.youngSince === PROVEN) return;
    if (code === status.OK || Object.keys(trailers.getMap()).length > 0) this.youngSince = PROVEN;
  }

  /** That the connection is lost is no reason to hold the next attempt back. */
  get hasLasted(): boolean {
    return now() - this.youngSince >= LASTING_MS;
  }

  /**
   * The connection is lost: either the caller reconnects when it likes, or `reconnect` is called when its time has come.
   *
   * @returns for how many milliseconds the connection lived, if the next attempt waits
   */
  lost(options: ChannelOptions, reconnect: () => void): number | undefined {
    const lived = now() - this.youngSince;
    if (lived >= LASTING_MS) {
      this.backoff = undefined;
    } else if (this.backoff === undefined) {
      this.backoff = backoffLike(options, reconnect);
    } else {
      this.backoff.runOnce();
      return lived;
    }
    return undefined;
  }

  /** The attempt has failed without a word of grpc-js: `reconnect` is called when the time of the next one has come. */
  failed(options: ChannelOptions, reconnect: () => void): void {
    this.backoff ??= backoffLike(options, reconnect);
    this.backoff.runOnce();
  }

  stop(): void {
    this.backoff?.stop();
  }
}

/** The back-off that failed attempts have, by the options of the channel. Keeps no process alive. */
export function backoffLike(options: ChannelOptions, reconnect: () => void): experimental.BackoffTimeout {
  const initialDelay = options['grpc.initial_reconnect_backoff_ms'];
  const maxDelay = options['grpc.max_reconnect_backoff_ms'];
  const backoff = new experimental.BackoffTimeout(reconnect, {
    ...(initialDelay === undefined ? {} : { initialDelay }),
    ...(maxDelay === undefined ? {} : { maxDelay }),
  });
  backoff.unref();
  return backoff;
}
