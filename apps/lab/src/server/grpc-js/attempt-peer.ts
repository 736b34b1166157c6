/**
 * Where an RPC went. While one may be tried again, grpc-js 1.14 says `unknown`, also when it has failed by its deadline;
 * the newest attempt of it knows. Its calls stand in fields of other calls, which nobody promised.
 */
import type { Interceptor } from '@grpc/grpc-js';

/** What an interceptor is given to call. */
export type NextCall = ReturnType<Parameters<Interceptor>[1]>;

/** The parts that are read here; each may be missing. */
interface Calls {
  readonly call?: {
    readonly child?: { readonly underlyingCalls?: readonly { readonly call: { getPeer(): string } }[] };
  };
}

const NOBODY_SAYS = 'unknown';

/** `127.0.0.1:50051`; the channel's target while no endpoint took it. */
export function attemptPeer(call: NextCall): string {
  const peer = call.getPeer();
  if (peer !== NOBODY_SAYS) return peer;
  return (call as Calls).call?.child?.underlyingCalls?.at(-1)?.call.getPeer() ?? NOBODY_SAYS;
}
