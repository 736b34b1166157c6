/**
 * The resolver of a channel that is told what there is: by a program, or once and for all by its target. It answers no
 * request for re-resolution: a resolver that answers each at once makes `round_robin` spin while a server is down (fact R4).
 */
import { clearImmediate, setImmediate } from 'node:timers';
import type { experimental } from '@grpc/grpc-js';
import { backoff, reconnectDelays } from '../grpc-js/channel-options.js';
import type { Delivery } from './delivery.js';
import { Source, type Subscriber, type Told } from './source.js';
import type { UpdateReason } from './update-events.js';

/** The resolver of a channel that is told the same for ever. */
export function constant(told: Told, channel: Delivery): Follower {
  const source = new Source(told, 'first resolution', 'the answer never changes');
  return new Follower(() => source, channel);
}

/** The resolver of one channel. `destroy` is the channel going idle; `updateResolution` brings it back. */
export class Follower implements experimental.Resolver, Subscriber {
  readonly #find: () => Source;
  readonly #channel: Delivery;
  /** A result that the policy refused leaves the RPCs of the channel waiting (fact R8). */
  readonly #retry: experimental.BackoffTimeout;
  #source: Source | undefined;
  #first: NodeJS.Immediate | undefined;

  /** @param find gives what to follow, each time that the channel begins. */
  constructor(find: () => Source, channel: Delivery) {
    this.#find = find;
    this.#channel = channel;
    this.#retry = backoff(() => this.tell('retry'), reconnectDelays(channel.channelOptions));
  }

  updateResolution(): void {
    if (this.#source !== undefined) {
      this.#channel.trace?.(`request ignored: ${this.#source.requestIgnored}`);
      return;
    }
    const source = this.#find();
    this.#source = source;
    source.subscribe(this);
    this.#first = setImmediate(() => this.tell(source.firstReason));
  }

  destroy(): void {
    if (this.#source === undefined) return;
    this.#channel.trace?.('stops: the channel is idle or closed');
    this.#source.unsubscribe(this);
    this.#source = undefined;
    clearImmediate(this.#first);
    this.#retry.stop();
    this.#retry.reset();
    this.#channel.reset();
  }

  tell(reason: UpdateReason): void {
    if (this.#source === undefined) return;
    clearImmediate(this.#first);
    this.#first = undefined;
    this.#retry.stop();
    const { latest } = this.#source;
    if (latest === undefined) this.#channel.trace?.(`${reason}: waits for the first update`);
    else if (latest.kind === 'failure') this.#channel.error(latest.failure, reason);
    else if (this.#channel.endpoints(latest, reason) || latest.endpoints.length === 0) this.#retry.reset();
    else if (this.#source !== undefined) this.#retry.runOnce();
    if (latest?.kind === 'endpoints') this.confirm();
  }

  confirm(): void {
    if (this.#source !== undefined) this.#channel.answered();
  }

  fail(details: string): void {
    if (this.#source !== undefined) this.#channel.failed(details, 'update');
  }
}
