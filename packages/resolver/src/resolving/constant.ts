/**
 * A resolver whose answer never changes: addresses that need no look-up, or what is wrong with a target.
 * It answers once and again after the channel was idle, never on re-resolution: a resolver that answers each
 * request at once makes `round_robin` spin while a server is down (fact R4).
 */
import { type ChannelOptions, type experimental, status } from '@grpc/grpc-js';
import { backoff, reconnectDelays } from '../grpc-js/channel-options.js';
import type { Endpoint } from '../target/endpoint.js';
import type { Delivery } from './delivery.js';
import type { UpdateReason } from './update-events.js';

/** Its answer: endpoints, or the details of an UNAVAILABLE status. */
export type ConstantAnswer = { readonly endpoints: readonly Endpoint[] } | { readonly error: string };

/** The resolver of one channel. `destroy` is the channel going idle; `updateResolution` brings it back. */
export class Constant implements experimental.Resolver {
  readonly #answer: ConstantAnswer;
  readonly #delivery: Delivery;
  readonly #backoff: experimental.BackoffTimeout;
  #pending: NodeJS.Immediate | undefined;
  #answered = false;

  constructor(answer: ConstantAnswer, delivery: Delivery, channelOptions: ChannelOptions) {
    this.#answer = answer;
    this.#delivery = delivery;
    this.#backoff = backoff(() => this.#speak('retry'), reconnectDelays(channelOptions));
  }

  updateResolution(): void {
    if (this.#answered) {
      this.#delivery.trace?.('request ignored: the answer never changes');
      return;
    }
    this.#answered = true;
    this.#pending = setImmediate(() => this.#speak('first resolution'));
  }

  destroy(): void {
    if (this.#answered) this.#delivery.trace?.('stops: the channel is idle or closed');
    clearImmediate(this.#pending);
    this.#backoff.stop();
    this.#backoff.reset();
    this.#delivery.reset();
    this.#answered = false;
  }

  #speak(reason: UpdateReason): void {
    if ('error' in this.#answer) {
      this.#delivery.error({ code: status.UNAVAILABLE, details: this.#answer.error }, reason);
      return;
    }
    const accepted = this.#delivery.endpoints(
      { endpoints: this.#answer.endpoints, serviceConfig: null, note: '' },
      reason,
    );
    // A refused result leaves the RPCs of the channel waiting (fact R8).
    if (!accepted && this.#answered) this.#backoff.runOnce();
  }
}
