/**
 * The resolver of a channel that is told what there is: by a program, or once and for all by its target. It answers no
 * request for re-resolution: a resolver that answers each at once makes `round_robin` spin while a server is down (fact R4).
 */
import { clearImmediate, setImmediate } from 'node:timers';
import type { experimental } from '@grpc/grpc-js';
import { backoff, reconnectDelays } from '../grpc-js/channel-options.js';
import type { Delivery } from './delivery.js';
import { Source, type Subscriber, type Told } from './source.js';

/** The resolver of a channel that is told the same for ever. */
export function constant(told: Told, channel: Delivery): experimental.Resolver {
  const source = new Source(told, 'first resolution', 'the answer never changes');
  return follow(() => source, channel);
}

/**
 * The resolver of one channel. `destroy` is the channel going idle; `updateResolution` brings it back.
 * @param find gives what to follow, each time that the channel begins.
 */
export function follow(find: () => Source, channel: Delivery): experimental.Resolver {
  let source: Source | undefined;
  let first: NodeJS.Immediate | undefined;
  /** A result that the policy refused leaves the RPCs of the channel waiting (fact R8). */
  const retry = backoff(() => subscriber.tell('retry'), reconnectDelays(channel.channelOptions));

  const subscriber: Subscriber = {
    tell(reason) {
      if (source === undefined) return;
      clearImmediate(first);
      first = undefined;
      retry.stop();
      const { latest } = source;
      if (latest === undefined) channel.trace?.(`${reason}: waits for the first update`);
      else if (latest.kind === 'failure') channel.error(latest.failure, reason);
      else if (channel.endpoints(latest, reason) || latest.endpoints.length === 0) retry.reset();
      else if (source !== undefined) retry.runOnce();
      if (latest?.kind === 'endpoints') subscriber.confirm();
    },
    confirm() {
      if (source !== undefined) channel.answered();
    },
    fail(details) {
      if (source !== undefined) channel.failed(details, 'update');
    },
  };

  return {
    updateResolution() {
      if (source !== undefined) {
        channel.trace?.(`request ignored: ${source.requestIgnored}`);
        return;
      }
      source = find();
      const { firstReason } = source;
      source.subscribe(subscriber);
      first = setImmediate(() => subscriber.tell(firstReason));
    },
    destroy() {
      if (source === undefined) return;
      channel.trace?.('stops: the channel is idle or closed');
      source.unsubscribe(subscriber);
      source = undefined;
      clearImmediate(first);
      retry.stop();
      retry.reset();
      channel.reset();
    },
  };
}
