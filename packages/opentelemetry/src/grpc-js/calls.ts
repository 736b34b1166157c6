/**
 * RPCs and their attempts, as grpc-js makes them. An RPC is seen on public API: every client calls `createCall` of a
 * channel. Attempts are made inside the channel, a "load balancing call" each (facts O1 to O4). All of this is on the way of
 * each RPC: no closure is made for one, and nothing that the garbage collector has to look after for long.
 */
import type { Channel, ChannelInterface, InterceptingListener, Metadata, StatusObject } from '@grpc/grpc-js';
import { backendOf } from './backends.js';
import type { CallConfig, GrpcJs, InnerCall, InternalChannel, ResolvingCall } from './internals.js';
import { isRegistered } from './registered-methods.js';
import { targetOf } from './targets.js';
import { remember } from './waiting.js';
import {
  type AttemptKind,
  type AttemptObserver,
  type CallObserver,
  callStarted,
  watchers,
} from './watchers.js';

/** What is watched of a call stands on it. */
const WATCHED: unique symbol = Symbol('petiole.watched');
type Watched<Call, By> = Call & { [WATCHED]?: By };

type OuterCall = ReturnType<Channel['createCall']>;

/** Shows every RPC that begins from now on. */
export function hookCalls({ Channel }: GrpcJs): void {
  const { createCall, getConnectivityState } = Channel.prototype;
  const hookStart = once((prototype: Watched<OuterCall, WatchedCall>) => {
    const { start } = prototype;
    prototype.start = function (metadata, listener) {
      start.call(this, metadata, this[WATCHED]?.started(listener) ?? listener);
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
    const observer = observerOf(this, method);
    if (observer !== undefined) {
      hookStart(Object.getPrototypeOf(call));
      call[WATCHED] = new WatchedCall(observer);
    }
    return call;
  };
  Channel.prototype.getConnectivityState = function (tryToConnect) {
    // Besides an RPC, this is what makes a channel connect.
    if (watchers.length > 0) remember(this);
    return getConnectivityState.call(this, tryToConnect);
  };
}

/** Shows their attempts, which find their RPC on its part of the service config: one object for all of them. */
export function hookAttempts(rpc: Watched<ResolvingCall, WatchedCall>, channel: InternalChannel): void {
  const askConfig = rpc.getConfig;
  const { getConfig, createLoadBalancingCall } = channel;
  let asking: WatchedCall | undefined;
  rpc.getConfig = function () {
    // An RPC wakes resolvers and policies, which may start RPCs of their own within.
    const outer = asking;
    asking = this[WATCHED];
    try {
      askConfig.call(this);
    } finally {
      asking = outer;
    }
  };
  channel.getConfig = function (method, metadata) {
    const result = getConfig.call(this, method, metadata);
    if (result.type === 'SUCCESS') asking?.configured(result.config);
    return result;
  };
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

function observerOf(channel: ChannelInterface, method: string): CallObserver | undefined {
  if (watchers.length === 0) return undefined;
  remember(channel);
  return callStarted(channel, method, isRegistered(method));
}

/** An RPC, which hears its answers before the application does. */
class WatchedCall implements InterceptingListener {
  readonly observer: CallObserver;
  #config: CallConfig | undefined = undefined;
  #listener: InterceptingListener | undefined = undefined;
  #attempts = 0;
  /** What the newest attempt has said to the server about those before it. */
  #previousAttempts = 0;

  constructor(observer: CallObserver) {
    this.observer = observer;
  }

  started(listener: InterceptingListener): InterceptingListener {
    this.#listener = listener;
    return this;
  }

  configured(config: Watched<CallConfig, WatchedCall>): void {
    this.#config = config;
    config[WATCHED] = this;
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
    this.observer.ended(status.code);
    this.#listener?.onReceiveStatus(status);
  }
}

/** Before each message stand one byte that says whether it is compressed, and four of its length. */
const PREFIX = 5;

class WatchedAttempt implements InterceptingListener {
  readonly #rpc: WatchedCall;
  readonly #call: InnerCall;
  readonly #channel: InternalChannel;
  #observer: AttemptObserver | undefined = undefined;
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
    this.#observer = this.#rpc.observer.attemptStarted(this.#rpc.nextAttempt(metadata));
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
    const peer = this.#call.getPeer();
    // What waits for a connection until the RPC ends is sent nowhere (fact O2).
    const sentBytes = status.code === 0 || peer !== this.#channel.getTarget() ? this.#sentBytes : 0;
    const backend = backendOf(targetOf(this.#channel), peer);
    this.#observer?.ended(status.code, backend, sentBytes, this.#receivedBytes);
    this.#listener?.onReceiveStatus(status);
  }
}
