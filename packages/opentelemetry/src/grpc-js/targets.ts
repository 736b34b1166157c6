/**
 * What the metrics call the target of a channel (gRFC A66): the one that its program has given. Behind an `http_proxy` grpc-js
 * calls the proxy the target in all that it does, and has the other one among its options (fact O14).
 */
import type { ChannelOptions } from '@grpc/grpc-js';

/** Stands on every channel that was asked: grpc-js makes the text anew each time. */
const TARGET: unique symbol = Symbol('petiole.target');

interface Targeted {
  readonly options?: ChannelOptions;
  getTarget(): string;
}

/** @param channel of a program, or the internal one in it */
export function targetOf(
  channel: Targeted & { readonly internalChannel?: Targeted; [TARGET]?: string },
): string {
  channel[TARGET] ??= ownTarget((channel.internalChannel ?? channel).options, channel.getTarget());
  return channel[TARGET];
}

/** @param target where grpc-js connects to, as it writes it */
export function ownTarget(options: ChannelOptions | undefined, target: string): string {
  return options?.['grpc.http_connect_target'] ?? target;
}
