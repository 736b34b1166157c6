/** Who is told of what happens in grpc-js, and of what. */
import type { ChannelInterface, status as Status } from '@grpc/grpc-js';
import type { DisconnectError } from './disconnects.js';

/** Why there is an attempt: the first one, `retryPolicy`, `hedgingPolicy`, or a stream that no server has worked on. */
export type AttemptKind = 'original' | 'retry' | 'hedge' | 'transparent retry';

/** What became of a connection: an attempt was a success or a failure, or a connection ended, and why. */
export type ConnectionChange =
  | { readonly kind: 'opened' | 'failed' }
  | { readonly kind: 'closed'; readonly error: DisconnectError };

/**
 * What the resolver said of a server (gRFC A89), by label: empty texts where it said nothing. There are a thousand at most,
 * an object each.
 */
export type Backend = Readonly<Record<'grpc.lb.locality' | 'grpc.lb.backend_service', string>>;

/** gRFC A91: `grpc.lb.outlier_detection.detection_method`. */
export type DetectionMethod = 'success_rate' | 'failure_percentage';

/** Targets are those of channels, as grpc-js writes them. */
export interface Watcher {
  /**
   * @param method with a slash before it
   * @param registered whether a generated client has that method, or whoever called it has made up a path
   * @returns who follows the RPC, if anybody
   */
  callStarted?(channel: ChannelInterface, method: string, registered: boolean): CallObserver | undefined;
  /** An attempt was given a connection. @param address of the server, such as `127.0.0.1:50051` */
  picked?(target: string, address: string): void;
  connectionChanged?(target: string, change: ConnectionChange, backend: Backend): void;
  /** @param target undefined if the endpoint never had a connection */
  ejected?(target: string | undefined, method: DetectionMethod): void;
}

export interface CallObserver {
  attemptStarted(kind: AttemptKind): AttemptObserver;
  ended(code: Status): void;
}

export interface AttemptObserver {
  /** Sizes are of messages as they were on the wire, without the five bytes before each. */
  ended(code: Status, backend: Backend, sentBytes: number, receivedBytes: number): void;
}

const all: Watcher[] = [];
export const watchers: readonly Watcher[] = all;

/** @returns what ends it */
export function watch(watcher: Watcher): () => void {
  all.push(watcher);
  return () => {
    const place = all.indexOf(watcher);
    if (place >= 0) all.splice(place, 1);
  };
}

/** Tells all watchers of an RPC that starts. */
export function callStarted(
  channel: ChannelInterface,
  method: string,
  registered: boolean,
): CallObserver | undefined {
  let observer: CallObserver | undefined;
  for (const watcher of watchers) {
    const further = watcher.callStarted?.(channel, method, registered);
    observer = observer && further ? both(observer, further) : (observer ?? further);
  }
  return observer;
}

function both(one: CallObserver, other: CallObserver): CallObserver {
  return {
    attemptStarted(kind) {
      const attempts = [one.attemptStarted(kind), other.attemptStarted(kind)];
      return {
        ended(...what) {
          for (const attempt of attempts) attempt.ended(...what);
        },
      };
    },
    ended(code) {
      one.ended(code);
      other.ended(code);
    },
  };
}
