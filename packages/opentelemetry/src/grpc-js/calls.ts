/**
 * RPCs and their attempts, as grpc-js makes them. An RPC is seen on public API: every client calls `createCall` of a
 * channel. Attempts are made inside the channel, a "load balancing call" each (facts O1 to O4). All of this is on the way of
 * each RPC: no closure is made for one, and nothing that the garbage collector has to look after for long.
 */
import type { Channel, ChannelInterface, InterceptingListener, Metadata, StatusObject } from '@grpc/grpc-js';
import { backendOf } from './backends.js';
import type { CallConfig, GrpcJs, InnerCall, InternalChannel } from './internals.js';
import { isRegistered } from './registered-methods.js';
import { remember } from './waiting.js';
import { type AttemptKind, type AttemptObserver, type CallObserver, watchers } from './watchers.js';

/** RPCs that have begun and have no attempt yet, by grpc-js's number of the call. */
export type NewCalls = Map<number, WatchedCall>;

/** What is watched of a call stands on it. */
const WATCHED: unique symbol = Symbol('petiole.watched');
type Watched<Call, By> = Call & { [WATCHED]?: By };

/** What a channel says as its target stands on it. */
const TARGET: unique symbol = Symbol('petiole.target');

type OuterCall = ReturnType<Channel['createCall']>;

/** Shows every RPC that begins from now on, and answers with those that have no attempt yet. */
export function hookCalls({ Channel }: GrpcJs): NewCalls {
  const newCalls: NewCalls = new Map();
  const { createCall, getConnectivityState } = Channel.prototype;
  const hookStart = once((prototype: Watched<OuterCall, WatchedCall>) => {
    const { start } = prototype;
    prototype.start = function (metadata, listener) {
      start.call(this, metadata, this[WATCHED]?.started(this.getCallNumber(), listener) ?? listener);
    };
  });
  Channel.prototype.createCall = function (method, deadline, host, parent, flags) {
    const call: Watched<OuterCall, WatchedCall> = createCall.call(
      this,
      method,
      deadline,
      host,
      parent,
      flags,
    );
    const observers = observersOf(this, method);
    if (observers !== undefined) {
      hookStart(Object.getPrototypeOf(call));
      call[WATCHED] = new WatchedCall(newCalls, observers);
    }
    return call;
  };
  Channel.prototype.getConnectivityState = function (tryToConnect) {
    // Besides an RPC, this is what makes a channel connect.
    if (watchers.length > 0) remember(this);
    return getConnectivityState.call(this, tryToConnect);
  };
  return newCalls;
}

/** Shows their attempts, which find their RPC on its part of the service config: one object for all of them. */
export function hookAttempts(channel: InternalChannel, newCalls: NewCalls): void {
  const { createRetryingCall, createLoadBalancingCall } = channel;
  const hookCall = once((prototype: Watched<InnerCall, WatchedAttempt>) => {
    const { start, sendMessageWithContext } = prototype;
    prototype.start = function (metadata, listener) {
      start.call(this, metadata, this[WATCHED]?.started(metadata, listener) ?? listener);
    };
    prototype.sendMessageWithContext = function (context, message) {
      this[WATCHED]?.sends(message);
      sendMessageWithContext.call(this, context, message);
    };
  });
  channel.createRetryingCall = function (config, method, host, credentials, deadline, number) {
    const watched = newCalls.get(number as number);
    if (watched !== undefined) {
      watched.configured(config);
      (config as Watched<CallConfig, WatchedCall>)[WATCHED] = watched;
    }
    return createRetryingCall.call(this, config, method, host, credentials, deadline, number);
  };
  channel.createLoadBalancingCall = function (config, method, host, credentials, deadline, number) {
    const call: Watched<InnerCall, WatchedAttempt> = createLoadBalancingCall.call(
      this,
      config,
      method,
      host,
      credentials,
      deadline,
      number,
    );
    const watched = (config as Watched<CallConfig, WatchedCall>)[WATCHED];
    if (watched !== undefined) {
      hookCall(Object.getPrototypeOf(call));
      call[WATCHED] = new WatchedAttempt(watched, call, this);
    }
    return call;
  };
}

/** grpc-js makes the text anew each time that it is asked. */
function targetOf(channel: InternalChannel & { [TARGET]?: string }): string {
  channel[TARGET] ??= channel.getTarget();
  return channel[TARGET];
}

function once<Prototype extends object>(
  hook: (prototype: Prototype) => void,
): (prototype: Prototype) => void {
  let hooked: Prototype | undefined;
  return (prototype) => {
    if (hooked === prototype) return;
    hooked = prototype;
    hook(prototype);
  };
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

/** An RPC, which hears its answers before the application does. */
class WatchedCall implements InterceptingListener {
  readonly observers: readonly CallObserver[];
  readonly #newCalls: NewCalls;
  #config: CallConfig | undefined = undefined;
  #number = 0;
  #listener: InterceptingListener | undefined = undefined;
  #attempts = 0;
  /** What the newest attempt has said to the server about those before it. */
  #previousAttempts = 0;

  constructor(newCalls: NewCalls, observers: readonly CallObserver[]) {
    this.#newCalls = newCalls;
    this.observers = observers;
  }

  started(number: number, listener: InterceptingListener): InterceptingListener {
    this.#number = number;
    this.#listener = listener;
    this.#newCalls.set(number, this);
    return this;
  }

  configured(config: CallConfig): void {
    this.#config = config;
    this.#newCalls.delete(this.#number);
  }

  /**
   * An attempt that is no repetition of grpc-js's own tells the server how many of its kind came before (fact O3), so a number
   * that does not grow is that of a transparent retry.
   */
  nextAttempt(metadata: Metadata): AttemptKind {
    this.#attempts += 1;
    if (this.#attempts === 1) return 'original';
    const previous = Number(metadata.get('grpc-previous-rpc-attempts')[0] ?? 0);
    const isRepeated = previous > this.#previousAttempts;
    this.#previousAttempts = previous;
    if (!isRepeated) return 'transparent retry';
    return this.#config?.methodConfig.hedgingPolicy ? 'hedge' : 'retry';
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#listener?.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: Buffer): void {
    this.#listener?.onReceiveMessage(message);
  }

  onReceiveStatus(status: StatusObject): void {
    if (this.#config === undefined) this.#newCalls.delete(this.#number);
    for (const observer of this.observers) observer.ended(status.code);
    this.#listener?.onReceiveStatus(status);
  }
}

/** Before each message stand one byte that says whether it is compressed, and four of its length. */
const PREFIX = 5;

class WatchedAttempt implements InterceptingListener {
  readonly #rpc: WatchedCall;
  readonly #call: InnerCall;
  readonly #channel: InternalChannel;
  readonly #observers: AttemptObserver[] = [];
  #listener: InterceptingListener | undefined = undefined;
  #sentBytes = 0;
  #receivedBytes = 0;

  constructor(rpc: WatchedCall, call: InnerCall, channel: InternalChannel) {
    this.#rpc = rpc;
    this.#call = call;
    this.#channel = channel;
  }

  started(metadata: Metadata, listener: InterceptingListener): InterceptingListener {
    this.#listener = listener;
    const kind = this.#rpc.nextAttempt(metadata);
    for (const observer of this.#rpc.observers) this.#observers.push(observer.attemptStarted(kind));
    return this;
  }

  sends(message: Buffer): void {
    this.#sentBytes += message.length - PREFIX;
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#listener?.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: Buffer): void {
    this.#receivedBytes += message.length - PREFIX;
    this.#listener?.onReceiveMessage(message);
  }

  onReceiveStatus(status: StatusObject): void {
    const target = targetOf(this.#channel);
    const peer = this.#call.getPeer();
    // What waits for a connection until the RPC ends is sent nowhere (fact O2).
    const sentBytes = status.code === 0 || peer !== target ? this.#sentBytes : 0;
    const backend = backendOf(target, peer);
    for (const observer of this.#observers)
      observer.ended(status.code, backend, sentBytes, this.#receivedBytes);
    this.#listener?.onReceiveStatus(status);
  }
}
