/**
 * The attempts of RPCs, whatever the policy. grpc-js makes a "load balancing call" for each of them inside the channel (fact O1),
 * keeps those of an RPC in its "retrying call", and gives each its connection when it is sent (L1). Nobody promised that.
 */
import type {
  ChannelInterface,
  InterceptingListener,
  Interceptor,
  Metadata,
  StatusObject,
} from '@grpc/grpc-js';

/** What an interceptor is given to call. */
export type NextCall = ReturnType<Parameters<Interceptor>[1]>;

export interface AttemptCall {
  /** `127.0.0.1:50051`; the channel's target while no endpoint took it. */
  getPeer(): string;
}

/** A connection of one or more attempts. */
export interface Transport {
  /** Those that wait are among them. */
  readonly activeCalls?: { readonly size: number };
  readonly session?: { readonly remoteSettings?: { readonly maxConcurrentStreams?: number } };
}

/** The parts that are used here; each may be missing. */
interface LoadBalancingCall extends AttemptCall {
  readonly child?: { readonly transport?: Transport } | null;
  start(metadata: Metadata, listener: InterceptingListener): void;
}

interface InternalChannel {
  createLoadBalancingCall(...all: readonly unknown[]): LoadBalancingCall;
}

interface InterceptedCall {
  readonly call?: {
    readonly child?: { readonly underlyingCalls?: readonly { readonly call: AttemptCall }[] };
  };
}

/**
 * Shows every attempt that the channel makes from now on.
 *
 * @param began gets each attempt when it begins; what it returns hears how it ended
 * @throws {Error} if this grpc-js makes them in another way
 */
export function watchAttempts(
  channel: ChannelInterface,
  began: (attempt: AttemptCall) => (end: StatusObject) => void,
): void {
  const { internalChannel } = channel as { internalChannel?: InternalChannel };
  if (typeof internalChannel?.createLoadBalancingCall !== 'function')
    throw new Error('this grpc-js has no channel.internalChannel.createLoadBalancingCall()');
  const make = internalChannel.createLoadBalancingCall.bind(internalChannel);
  internalChannel.createLoadBalancingCall = (...all) => {
    const attempt = make(...all);
    const start = attempt.start.bind(attempt);
    attempt.start = (metadata, listener) => {
      const ended = began(attempt);
      start(metadata, {
        onReceiveMetadata: (answer) => listener.onReceiveMetadata(answer),
        onReceiveMessage: (message) => listener.onReceiveMessage(message),
        onReceiveStatus: (end) => {
          ended(end);
          listener.onReceiveStatus(end);
        },
      });
    };
    return attempt;
  };
}

/** Those of an RPC so far, the first one first; none while the name is being resolved. */
export function attemptsOf(rpc: NextCall): readonly AttemptCall[] {
  return (rpc as InterceptedCall).call?.child?.underlyingCalls?.map(({ call }) => call) ?? [];
}

/** Undefined before it was sent. */
export function transportOf(attempt: AttemptCall): Transport | undefined {
  return (attempt as LoadBalancingCall).child?.transport;
}

/** How many attempts wait on a connection for one of the streams that the server allows. */
export function waitersOn({ activeCalls, session }: Transport): number {
  return Math.max(0, (activeCalls?.size ?? 0) - (session?.remoteSettings?.maxConcurrentStreams ?? Infinity));
}
