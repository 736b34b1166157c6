/**
 * Asks again: when the channel wants it (rate-limited), every `refreshInterval`, and with back-off after a failure, also
 * after one in part. After grpc-dotnet's PollingResolver; the rules are those of grpc-go's DNS resolver.
 */

import { setMaxListeners } from 'node:events';
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { type experimental, status } from '@grpc/grpc-js';
import { logError, messageOf, TurningClock } from '@petiole/service-config/internal';
import { backoff, minTimeBetweenRequests, reconnectDelays } from '../grpc-js/channel-options.js';
import { joinNotes, LONGEST_NOTE } from '../lookup/notes.js';
import type { Endpoint } from '../target/endpoint.js';
import type { Delivered, Delivery } from './delivery.js';
import type { CheckedOptions } from './options.js';
import { type GoodAnswer, type Resolution, type Successor, succeed } from './resolution.js';
import type { UpdateReason } from './update-events.js';

/** What a look is given. */
export interface Look {
  /**
   * Aborted at the deadline, when the channel goes idle or is closed, and when the look is over: cancel what is under
   * way. A promise that settles in the turn of the event loop of the deadline still counts, so partial results can be
   * returned.
   */
  readonly signal: AbortSignal;
  /** The endpoints of the last good answer to this channel, undefined before there was one. */
  readonly previous: readonly Endpoint[] | undefined;
}

/** One channel's way to find its endpoints. */
export interface Lookup {
  /** Looks once, or rejects with an Error whose message a person can act on. */
  resolve(look: Look): Resolution | Promise<Resolution>;
  /** The channel went idle or was closed: what outlives a look is to end, too. */
  stop?(): void;
}

/** Where a resolver stands. A phase owns its timers: they end with it. */
type Phase =
  /** The channel has not asked, or went idle. */
  | { readonly kind: 'idle' }
  /** A look is under way. What belongs to another one is stale. */
  | Resolving
  /** There is an answer. After an incomplete one, the back-off runs beside these timers and adds looks. */
  | {
      readonly kind: 'waiting';
      readonly refresh: NodeJS.Timeout | undefined;
      /** Set when the channel asks before the rate limit allows it. */
      request: NodeJS.Timeout | undefined;
    }
  /** The last look failed, or the policy refused its answer: requests wait for the back-off. */
  | { readonly kind: 'backing off' };

interface Resolving {
  readonly kind: 'resolving';
  readonly reason: UpdateReason;
  readonly startedAt: number;
  readonly controller: AbortController;
  readonly deadline: TurningClock;
}

/** What the channel has asked since it was made, or came back from idle. */
interface Requests {
  /** The channel asked and has not been answered. */
  isOpen: boolean;
  lastAt: number;
}

const NONE: Requests = { isOpen: false, lastAt: Number.NEGATIVE_INFINITY };

/**
 * The resolver of one channel.
 *
 * - A resolution that the channel asked for ends in exactly one listener call, on a later tick; a periodic or repeated
 *   one that found nothing new, in none.
 * - `resolve` does not run twice at a time unless it outlives its deadline; what it returns after that, or after
 *   `destroy`, is dropped.
 * - A failure after a success keeps the last good answer; before any, RPCs fail with UNAVAILABLE and its message.
 *   Either way the next look comes after the channel's back-off, and requests of the channel wait for it.
 * - After an `incomplete` answer that back-off only adds looks: requests and the periodic refresh go on as after any.
 */
export class Polling implements experimental.Resolver {
  readonly #lookup: Lookup;
  readonly #options: CheckedOptions;
  readonly #channel: Delivery;
  readonly #backoff: experimental.BackoffTimeout;
  #phase: Phase = { kind: 'idle' };
  /** Another object after each idleness: a look-up or a listener may close the channel. */
  #requests: Requests = { ...NONE };
  /** It stays while the channel is idle, which may come back to a dead DNS. */
  #good: GoodAnswer | undefined;

  constructor(lookup: Lookup, options: CheckedOptions, channel: Delivery) {
    this.#lookup = lookup;
    this.#options = options;
    this.#channel = channel;
    const { initialDelay, maxDelay } = reconnectDelays(channel.channelOptions);
    this.#backoff = backoff(() => this.#start('retry'), {
      initialDelay,
      // A failure must not make us look less often than a success would; jitter of ±20 % comes on top.
      maxDelay: Math.max(initialDelay, Math.min(maxDelay, options.refreshInterval)),
    });
  }

  /** grpc-js wants a fresh answer; called for every RPC in TRANSIENT_FAILURE, so O(1). */
  updateResolution(): void {
    if (this.#requests.isOpen) return;
    this.#requests.isOpen = true;
    const phase = this.#phase;
    switch (phase.kind) {
      case 'idle':
        this.#start('first resolution');
        break;
      case 'resolving':
        this.#requests.lastAt = phase.startedAt;
        this.#channel.trace?.('request joins the resolution under way');
        break;
      case 'waiting':
        phase.request = this.#startWhenAllowed();
        break;
      case 'backing off':
        this.#channel.trace?.(
          `request waits for the back-off until ${this.#backoff.getEndTime().toISOString()}`,
        );
    }
  }

  destroy(): void {
    this.#channel.trace?.('stops: the channel is idle or closed');
    this.#requests = { ...NONE };
    this.#enter({ kind: 'idle' });
    this.#backoff.reset();
    this.#channel.reset();
    this.#lookup.stop?.();
  }

  /** Begins a look now, or gives the timer that will. */
  #startWhenAllowed(): NodeJS.Timeout | undefined {
    // Whole, as all delays here: after one fractional delay, V8 boxes the delay of every timer in the process.
    const allowedAt = this.#requests.lastAt + minTimeBetweenRequests(this.#channel.channelOptions);
    const wait = Math.ceil(allowedAt - performance.now());
    if (wait <= 0) {
      this.#start('requested');
      return undefined;
    }
    this.#channel.trace?.(`request waits ${wait} ms for the rate limit`);
    return setTimeout(() => this.#start('requested'), wait).unref();
  }

  #start(reason: UpdateReason): void {
    const controller = new AbortController();
    setMaxListeners(0, controller.signal); // dozens of look-ups hang on it
    const startedAt = performance.now();
    const deadline = new TurningClock();
    const look: Resolving = { kind: 'resolving', reason, startedAt, controller, deadline };
    this.#enter(look);
    if (this.#requests.isOpen) this.#requests.lastAt = startedAt;
    this.#channel.trace?.(`${reason}: resolution starts`);
    deadline.wait(this.#options.deadline, () => {
      controller.abort();
      // Two turns: a promise that settles because of the abort has its own setImmediate below, queued after the first.
      const message = `no answer within ${this.#options.deadline} ms`;
      setImmediate(() => setImmediate(() => this.#fail(look, message)));
    });
    this.#ask(look).then(
      // grpc-js must not hear of it in the turn of the event loop in which it asked.
      (successor) => setImmediate(() => this.#succeed(look, successor)),
      (error: unknown) => setImmediate(() => this.#fail(look, messageOf(error, LONGEST_NOTE))),
    );
  }

  /** Calls the look-up in a microtask: grpc-js may be at work now, and cannot bear that its client is closed (fact R7). */
  async #ask({ controller: { signal } }: Resolving): Promise<Successor> {
    await undefined;
    signal.throwIfAborted();
    const resolution = await this.#lookup.resolve({ signal, previous: this.#good?.endpoints });
    return succeed(this.#good, resolution, this.#options);
  }

  /** Leaves the phase with its timers. The back-off goes on until there is a look. */
  #enter(next: Phase): void {
    const left = this.#phase;
    this.#phase = next;
    if (left.kind === 'resolving') {
      left.deadline.stop();
      left.controller.abort();
    } else if (left.kind === 'waiting') {
      clearTimeout(left.refresh);
      clearTimeout(left.request);
    }
    if (next.kind === 'idle' || next.kind === 'resolving')
      this.#backoff.stop(); // its delay stays grown
    else if (next.kind === 'backing off' && !this.#backoff.isRunning()) this.#backoff.runOnce();
  }

  #succeed(look: Resolving, { answer, isNews, trouble }: Successor): void {
    const { reason } = look;
    if (this.#phase !== look) {
      this.#channel.trace?.(`${reason}: dropped, it came too late`);
      return;
    }
    this.#good = answer;
    if (trouble !== '') logError(`${this.#channel.shortTarget}: ${trouble}`);
    this.#enter({ kind: 'waiting', refresh: this.#refreshTimer(), request: undefined });
    if (answer.incomplete) this.#backoff.runOnce();

    const requests = this.#requests;
    const { note } = this.#channel;
    // RPCs would go on failing with a note of what is well again.
    const isWellAgain = note !== '' && answer.note === '';
    let accepted = true;
    if (isNews || isWellAgain || requests.isOpen || note === undefined)
      accepted = this.#deliver(answer, reason);
    else this.#channel.trace?.(`${reason}: ${joinNotes('nothing new', answer.note)}`);
    this.#channel.answered();

    if (answer.incomplete) this.#report(requests, answer.note || 'the answer is incomplete', reason);
    else if (trouble !== '') this.#report(requests, trouble, reason);
    if (!answer.incomplete && accepted) this.#backoff.reset();
  }

  #fail(look: Resolving, message: string): void {
    if (this.#phase !== look) return;
    const { reason } = look;
    this.#channel.trace?.(`${reason} failed: ${message}`);
    this.#enter({ kind: 'backing off' });
    const requests = this.#requests;
    if (this.#good !== undefined) {
      // Keeping silent would leave the channel in its own back-off; an error would be worth less than the old answer.
      if (requests.isOpen || this.#channel.note === undefined) {
        this.#deliver({ ...this.#good, note: `the last answer was kept: ${message}` }, reason);
      }
      this.#report(requests, message, reason);
    } else if (requests.isOpen) {
      requests.isOpen = false;
      const details = `Name resolution failed for target ${this.#channel.shortTarget}: ${message}`;
      this.#channel.error({ code: status.UNAVAILABLE, details }, reason);
    }
  }

  /** A failure, in whole or in part, that leaves the channel its endpoints. The listener may have closed the channel. */
  #report(requests: Requests, message: string, reason: UpdateReason): void {
    if (this.#requests === requests) this.#channel.failed(message, reason);
  }

  /** @returns false when the policy refused it; grpc-js does nothing about that, so the next look is ours (fact R8). */
  #deliver(answer: Delivered, reason: UpdateReason): boolean {
    const requests = this.#requests;
    // This stands before the call because pick_first asks for the next resolution inside it (fact R21).
    requests.isOpen = false;
    // The listener may have closed the channel.
    if (this.#channel.endpoints(answer, reason) || this.#requests !== requests) return true;
    this.#enter({ kind: 'backing off' });
    return false;
  }

  #refreshTimer(): NodeJS.Timeout | undefined {
    const { refreshInterval } = this.#options;
    if (refreshInterval === Number.POSITIVE_INFINITY) return undefined;
    const jittered = Math.ceil(refreshInterval * (0.9 + 0.2 * Math.random()));
    return setTimeout(() => this.#start('periodic refresh'), jittered).unref();
  }
}
