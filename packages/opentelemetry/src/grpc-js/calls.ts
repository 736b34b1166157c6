/**
 * RPCs and their attempts, as grpc-js makes them. An RPC is seen on public API: every client calls `createCall` of a
 * channel. Attempts are made inside the channel, a "load balancing call" each (facts O1 to O4).
 */
import type { Channel, ChannelInterface, Metadata } from '@grpc/grpc-js';
import type { CallConfig, GrpcJs, InnerCall, InternalChannel } from './internals.js';
import { isRegistered } from './registered-methods.js';
import { remember } from './waiting.js';
import { type AttemptKind, type CallObserver, watchers } from './watchers.js';

type Call = ReturnType<Channel['createCall']>;

/** RPCs that have begun and not ended, by grpc-js's number of the call. */
export type LiveCalls = Map<number, WatchedCall>;

/** Shows every RPC that begins from now on, and answers with those that have not ended. */
export function hookCalls({ Channel }: GrpcJs): LiveCalls {
  const live: LiveCalls = new Map();
  const { createCall, getConnectivityState } = Channel.prototype;
  Channel.prototype.createCall = function (method, deadline, host, parent, flags): Call {
    const call = createCall.call(this, method, deadline, host, parent, flags);
    const observers = observersOf(this, method);
    if (observers !== undefined) watchCall(call, live, observers);
    return call;
  };
  Channel.prototype.getConnectivityState = function (tryToConnect) {
    // Besides an RPC, this is what makes a channel connect.
    if (watchers.length > 0) remember(this);
    return getConnectivityState.call(this, tryToConnect);
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

function observersOf(channel: ChannelInterface, method: string): readonly CallObserver[] | undefined {
  if (watchers.length === 0) return undefined;
  remember(channel);
  const registered = isRegistered(method);
  const observers: CallObserver[] = [];
  for (const watcher of watchers) {
    const observer = watcher.callStarted?.(channel, method, registered);
    if (observer !== undefined) observers.push(observer);
  }
  return observers.length === 0 ? undefined : observers;
}

function watchCall(call: Call, live: LiveCalls, observers: readonly CallObserver[]): void {
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
        // What waits for a connection until the RPC ends is sent nowhere.
        const sent = call.getPeer() === channel.getTarget() ? 0 : sentBytes;
        for (const observer of observers) observer.ended(status.code, sent, receivedBytes);
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
