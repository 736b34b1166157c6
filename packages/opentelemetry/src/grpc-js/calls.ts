/**
 * RPCs and their attempts, as grpc-js makes them. An RPC is seen on public API: every client calls `createCall` of a
 * channel. Attempts are made inside the channel, a "load balancing call" each (facts O1 to O4).
 */
import type { Channel, Metadata, status as Status } from '@grpc/grpc-js';
import type { CallConfig, GrpcJs, InnerCall, InternalChannel } from './internals.js';
import { isRegistered } from './registered-methods.js';

/** Why there is an attempt: the first one, `retryPolicy`, `hedgingPolicy`, or a stream that no server has worked on. */
export type AttemptKind = 'original' | 'retry' | 'hedge' | 'transparent retry';

export interface CallWatcher {
  /** @returns who follows the RPC, if anybody */
  callStarted(call: StartedCall): CallObserver | undefined;
}

export interface StartedCall {
  /** The target of its channel, as grpc-js writes it. */
  readonly target: string;
  /** With a slash before it. */
  readonly method: string;
  /** Whether a generated client has that method, or whoever called it has made up a path. */
  readonly registered: boolean;
}

export interface CallObserver {
  attemptStarted(kind: AttemptKind): AttemptObserver;
  ended(code: Status): void;
}

export interface AttemptObserver {
  /** Sizes are of messages as they were on the wire, without the five bytes before each. */
  ended(end: { code: Status; sentBytes: number; receivedBytes: number; peer: string | undefined }): void;
}

type Call = ReturnType<Channel['createCall']>;

const watchers: CallWatcher[] = [];

export function watchCalls(watcher: CallWatcher): () => void {
  watchers.push(watcher);
  return () => {
    const place = watchers.indexOf(watcher);
    if (place >= 0) watchers.splice(place, 1);
  };
}

/** RPCs that have begun and not ended, by grpc-js's number of the call. */
export type LiveCalls = Map<number, WatchedCall>;

/** Shows every RPC that begins from now on, and answers with those that have not ended. */
export function hookCalls({ Channel }: GrpcJs): LiveCalls {
  const live: LiveCalls = new Map();
  const { createCall } = Channel.prototype;
  Channel.prototype.createCall = function (method, deadline, host, parent, flags): Call {
    const call = createCall.call(this, method, deadline, host, parent, flags);
    if (watchers.length > 0) {
      watchCall(call, live, { target: this.getTarget(), method, registered: isRegistered(method) });
    }
    return call;
  };
  return live;
}

/** Shows their attempts. All attempts of an RPC have one object for its part of the service config. */
export function hookAttempts(channel: InternalChannel, live: LiveCalls): void {
  const byConfig = new WeakMap<CallConfig, WatchedCall>();
  const { createRetryingCall, createLoadBalancingCall } = channel;
  channel.createRetryingCall = function (config, method, host, credentials, deadline, number) {
    const watched = live.get(number as number);
    if (watched !== undefined) byConfig.set(config, watched);
    return createRetryingCall.call(this, config, method, host, credentials, deadline, number);
  };
  channel.createLoadBalancingCall = function (config, method, host, credentials, deadline, number) {
    const call = createLoadBalancingCall.call(this, config, method, host, credentials, deadline, number);
    const watched = byConfig.get(config);
    if (watched !== undefined)
      watchAttempt(call, watched, config.methodConfig.hedgingPolicy ? 'hedge' : 'retry', this);
    return call;
  };
}

class WatchedCall {
  readonly observers: readonly CallObserver[];
  attempts = 0;
  /** What the newest attempt has said to the server about those before it. */
  previousAttempts = 0;

  constructor(observers: readonly CallObserver[]) {
    this.observers = observers;
  }
}

function watchCall(call: Call, live: LiveCalls, started: StartedCall): void {
  const observers = watchers.flatMap((watcher) => watcher.callStarted(started) ?? []);
  if (observers.length === 0) return;
  const { start } = call;
  call.start = (metadata, listener) => {
    const number = call.getCallNumber();
    live.set(number, new WatchedCall(observers));
    start.call(call, metadata, {
      onReceiveMetadata: (received) => listener.onReceiveMetadata(received),
      onReceiveMessage: (message) => listener.onReceiveMessage(message),
      onReceiveStatus: (status) => {
        live.delete(number);
        for (const observer of observers) observer.ended(status.code);
        listener.onReceiveStatus(status);
      },
    });
  };
}

/** Before each message stand one byte that says whether it is compressed, and four of its length. */
const PREFIX = 5;

function watchAttempt(
  call: InnerCall,
  watched: WatchedCall,
  repeated: 'hedge' | 'retry',
  channel: InternalChannel,
): void {
  const { start, sendMessageWithContext } = call;
  let sentBytes = 0;
  let receivedBytes = 0;
  call.sendMessageWithContext = (context, message) => {
    sentBytes += message.length - PREFIX;
    sendMessageWithContext.call(call, context, message);
  };
  call.start = (metadata, listener) => {
    const kind = kindOf(metadata, watched, repeated);
    const observers = watched.observers.map((observer) => observer.attemptStarted(kind));
    start.call(call, metadata, {
      onReceiveMetadata: (received) => listener.onReceiveMetadata(received),
      onReceiveMessage: (message) => {
        receivedBytes += message.length - PREFIX;
        listener.onReceiveMessage(message);
      },
      onReceiveStatus: (status) => {
        const peer = call.getPeer();
        const isSent = peer !== channel.getTarget();
        // What waits for a stream until the RPC ends is sent nowhere.
        const end = {
          code: status.code,
          sentBytes: isSent ? sentBytes : 0,
          receivedBytes,
          peer: isSent ? peer : undefined,
        };
        for (const observer of observers) observer.ended(end);
        listener.onReceiveStatus(status);
      },
    });
  };
}

/**
 * An attempt that is no repetition of grpc-js's own tells the server how many of its kind came before (fact O3), so a number
 * that does not grow is that of a transparent retry.
 */
function kindOf(metadata: Metadata, watched: WatchedCall, repeated: 'hedge' | 'retry'): AttemptKind {
  const [value] = metadata.get('grpc-previous-rpc-attempts');
  const previous = value === undefined ? 0 : Number(value);
  const isRepeated = previous > watched.previousAttempts;
  watched.previousAttempts = previous;
  watched.attempts += 1;
  if (watched.attempts === 1) return 'original';
  return isRepeated ? repeated : 'transparent retry';
}
