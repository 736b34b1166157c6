/**
 * A resolver that asks again: when the channel wants it (rate-limited), every `refreshInterval`, and with back-off
 * after a failure, also after one in part. Base of `srv:`, `dns+refresh:` and the host names of `static:`; made to be extended for a
 * catalogue over HTTP or a file. After grpc-dotnet's PollingResolver; the rules are those of grpc-go's DNS resolver.
 */
import { setMaxListeners } from 'node:events';
import { type ChannelOptions, experimental, status } from '@grpc/grpc-js';
import { logError, messageOf, TurningClock } from '@petiole/service-config/internal';
import { type Trace, tracer } from '../grpc-js/tracing.js';
import { joinNotes, LONGEST_NOTE } from '../lookup/notes.js';
import { checkAuthority } from '../target/authority.js';
import type { Endpoint } from '../target/endpoint.js';
import { backoffOptions } from './constant.js';
import { type Delivered, Delivery } from './delivery.js';
import { checkPollingOptions, minTimeBetweenRequests, type PollingOptions } from './options.js';
import { type GoodAnswer, type Resolution, readResolution } from './resolution.js';

/** What {@link PollingResolver.resolve} gets. */
export interface ResolutionAttempt {
  /**
   * Aborted at the deadline, when the channel goes idle or is closed, and when the attempt is over: cancel what is
   * under way. A promise that settles in the turn of the event loop of the deadline still counts, so partial results
   * can be returned.
   */
  readonly signal: AbortSignal;
  /** The last good answer of this resolver, undefined before there was one. */
  readonly previous: readonly Endpoint[] | undefined;
}

/** Why a resolution is under way. */
type Reason = 'first resolution' | 'requested' | 'periodic refresh' | 'retry';

/**
 * Extend it, implement `resolve`, give the class a `static getDefaultAuthority(target)` that never throws (its answer
 * is the name that TLS verifies), and register it with `experimental.registerResolver(scheme, YourResolver)`.
 *
 * - A resolution that the channel asked for ends in exactly one listener call, on a later tick; a periodic or repeated
 *   one that found nothing new, in none.
 * - `resolve` does not run twice at a time unless it outlives its deadline; what it returns after that, or after
 *   `destroy`, is dropped.
 * - A rejection after a success keeps the last good answer; before any, RPCs fail with UNAVAILABLE and its message.
 *   Either way `resolve` is called again after the channel's back-off (`grpc.initial_reconnect_backoff_ms`), which
 *   requests of the channel then wait for.
 * - After an `incomplete` answer that back-off only adds looks: requests and the periodic refresh go on as after any.
 */
export abstract class PollingResolver implements experimental.Resolver {
  readonly #options: Required<PollingOptions>;
  readonly #minTimeBetweenRequests: number;
  readonly #delivery: Delivery;
  readonly #trace: Trace;
  /** What is wrong with the class's `getDefaultAuthority`; grpc-js would fail each connection with a riddle, or throw. */
  readonly #badAuthority: string | undefined;
  readonly #backoff: experimental.BackoffTimeout;
  /** The resolution under way; anything that belongs to another one is stale. */
  #attempt: AbortController | undefined;
  #attemptStartedAt = 0;
  readonly #deadline = new TurningClock();
  #refreshTimer: NodeJS.Timeout | undefined;
  #requestTimer: NodeJS.Timeout | undefined;
  /** The last resolution failed or was refused, so that requests wait for the back-off. */
  #failing = false;
  /** The channel asked and has not been answered. */
  #requested = false;
  #lastRequestAt = Number.NEGATIVE_INFINITY;
  #good: GoodAnswer | undefined;
  /** What the channel was told last: nothing yet, the good answer, an error, or something that its policy refused. */
  #told: 'nothing' | 'answer' | 'error' | 'refused' = 'nothing';
  /** The note that came with the answer. */
  #toldNote = '';

  /**
   * The first three are what grpc-js hands to a resolver's constructor.
   * @throws {RangeError} on options out of range.
   */
  constructor(
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    channelOptions: ChannelOptions,
    options: PollingOptions = {},
  ) {
    this.#options = checkPollingOptions(options);
    this.#trace = tracer(this.#options.tracer);
    this.#badAuthority = badAuthority(this.constructor, target);
    this.#delivery = new Delivery(target, listener, this.#trace);
    this.#minTimeBetweenRequests = minTimeBetweenRequests(channelOptions);
    const { initialDelay, maxDelay } = backoffOptions(channelOptions);
    this.#backoff = new experimental.BackoffTimeout(() => this.#start('retry'), {
      initialDelay,
      // A failure must not make us look less often than a success would; jitter of ±20 % comes on top.
      maxDelay: Math.max(initialDelay, Math.min(maxDelay, this.#options.refreshInterval)),
    });
    this.#backoff.unref();
  }

  /**
   * Looks up the endpoints, or rejects with an Error whose message a person can act on.
   * Must not touch the channel; anything that it throws is a failed resolution.
   */
  protected abstract resolve(attempt: ResolutionAttempt): Promise<Resolution>;

  /** Writes to the tracer of the options; the text is built only when that is on. */
  protected trace(text: () => string): void {
    this.#trace(() => `${this.#delivery.shortTarget} ${text()}`);
  }

  /** grpc-js wants a fresh answer; called for every RPC in TRANSIENT_FAILURE, so O(1). */
  updateResolution(): void {
    if (this.#requested) return;
    this.#requested = true;
    if (this.#attempt !== undefined) {
      this.#lastRequestAt = this.#attemptStartedAt;
      this.trace(() => 'request joins the resolution under way');
      return;
    }
    if (this.#failing && this.#backoff.isRunning()) {
      this.trace(() => `request waits for the back-off until ${this.#backoff.getEndTime().toISOString()}`);
      return;
    }
    // Whole, as all delays here: after one fractional delay, V8 boxes the delay of every timer in the process.
    const wait = Math.ceil(this.#lastRequestAt + this.#minTimeBetweenRequests - performance.now());
    if (wait <= 0) {
      this.#start(this.#told === 'nothing' ? 'first resolution' : 'requested');
      return;
    }
    this.trace(() => `request waits ${wait} ms for the rate limit`);
    this.#requestTimer = setTimeout(() => this.#start('requested'), wait).unref();
  }

  /** The channel went idle or was closed. The last good answer stays, for a channel that comes back to a dead DNS. */
  destroy(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    this.trace(() => 'stops: the channel is idle or closed');
    this.#clearTimers();
    this.#backoff.stop();
    this.#backoff.reset();
    this.#requested = false;
    this.#lastRequestAt = Number.NEGATIVE_INFINITY;
    this.#told = 'nothing';
    this.#delivery.reset();
    attempt?.abort();
  }

  #clearTimers(): void {
    this.#deadline.stop();
    clearTimeout(this.#refreshTimer);
    clearTimeout(this.#requestTimer);
  }

  #start(reason: Reason): void {
    this.#clearTimers();
    this.#backoff.stop(); // runs on beside the other timers after an incomplete answer; its delay stays grown
    this.#attemptStartedAt = performance.now();
    if (this.#requested) this.#lastRequestAt = this.#attemptStartedAt;
    const attempt = new AbortController();
    setMaxListeners(0, attempt.signal); // dozens of look-ups hang on it
    this.#attempt = attempt;
    this.trace(() => `${reason}: resolution starts`);
    this.#deadline.wait(this.#options.deadline, () => {
      attempt.abort();
      // Two turns: a promise that settles because of the abort has its own setImmediate below, queued after the first.
      const message = `no answer within ${this.#options.deadline} ms`;
      setImmediate(() => setImmediate(() => this.#fail(attempt, reason, message)));
    });
    let outcome: Promise<Resolution>;
    try {
      if (this.#badAuthority !== undefined) throw new Error(this.#badAuthority);
      outcome = Promise.resolve(this.resolve({ signal: attempt.signal, previous: this.#good?.endpoints }));
    } catch (error) {
      outcome = Promise.reject(error);
    }
    // The listener must not be called in the turn of the event loop in which grpc-js asked.
    outcome.then(
      (resolution) => setImmediate(() => this.#succeed(attempt, reason, resolution)),
      (error: unknown) => setImmediate(() => this.#fail(attempt, reason, messageOf(error, LONGEST_NOTE))),
    );
  }

  /** Ends the attempt; false when it is over already, whose result is then dropped. */
  #finish(attempt: AbortController): boolean {
    if (this.#attempt !== attempt) return false;
    this.#attempt = undefined;
    this.#deadline.stop();
    attempt.abort();
    return true;
  }

  #succeed(attempt: AbortController, reason: Reason, resolution: Resolution): void {
    if (this.#attempt !== attempt) {
      this.trace(() => `${reason}: dropped, it came too late`);
      return;
    }
    let answer: GoodAnswer;
    try {
      answer = readResolution(resolution, this.#good, this.#options);
    } catch (error) {
      this.#fail(attempt, reason, messageOf(error, LONGEST_NOTE));
      return;
    }
    this.#finish(attempt);
    this.#failing = false;
    const trouble = newTrouble(answer, this.#good);
    if (trouble !== '') logError(`${this.#delivery.shortTarget}: ${trouble}`);
    const isNews =
      this.#good?.endpoints !== answer.endpoints ||
      this.#good.serviceConfig !== answer.serviceConfig ||
      // RPCs would go on failing with a note of what is well again.
      (this.#toldNote !== '' && answer.note === '');
    this.#good = answer;
    this.#scheduleRefresh();
    if (answer.incomplete) this.#backoff.runOnce();
    let accepted = true;
    if (isNews || this.#requested || this.#told !== 'answer') accepted = this.#deliver(answer, reason);
    else this.trace(() => `${reason}: ${joinNotes('nothing new', answer.note)}`);
    if (answer.incomplete) this.#report(answer.note || 'the answer is incomplete', reason);
    else if (trouble !== '') this.#report(trouble, reason);
    if (!answer.incomplete && accepted) this.#backoff.reset();
  }

  #fail(attempt: AbortController, reason: Reason, message: string): void {
    if (!this.#finish(attempt)) return;
    this.trace(() => `${reason} failed: ${message}`);
    this.#failing = true;
    this.#backoff.runOnce();
    if (this.#good !== undefined) {
      // Keeping silent would leave the channel in its own back-off; an error would be worth less than the old answer.
      if (this.#requested || this.#told !== 'answer') {
        this.#deliver({ ...this.#good, note: `the last answer was kept: ${message}` }, reason);
      }
      this.#report(message, reason);
      return;
    }
    if (!this.#requested && this.#told === 'error') return;
    this.#requested = false;
    this.#told = 'error';
    const details = `Name resolution failed for target ${this.#delivery.shortTarget}: ${message}`;
    this.#delivery.error({ code: status.UNAVAILABLE, details }, reason);
  }

  /** A failure, in whole or in part, that leaves the channel its endpoints. */
  #report(message: string, reason: Reason): void {
    // The listener may have closed the channel.
    if (this.#told !== 'nothing') this.#delivery.failed(message, reason);
  }

  /** @returns false when the policy refused it; grpc-js does nothing about that, so the next look is ours. */
  #deliver(answer: Delivered, reason: Reason): boolean {
    // Before the call: inside it, pick_first asks for the next resolution.
    this.#requested = false;
    this.#told = 'answer';
    this.#toldNote = answer.note;
    const accepted = this.#delivery.endpoints(answer, reason);
    // The listener may have closed the channel.
    if (accepted || this.#told !== 'answer') return true;
    this.#told = 'refused';
    this.#failing = true;
    this.#clearTimers();
    if (!this.#backoff.isRunning()) this.#backoff.runOnce();
    return false;
  }

  #scheduleRefresh(): void {
    const { refreshInterval } = this.#options;
    if (refreshInterval === Number.POSITIVE_INFINITY) return;
    const jittered = Math.ceil(refreshInterval * (0.9 + 0.2 * Math.random()));
    this.#refreshTimer = setTimeout(() => this.#start('periodic refresh'), jittered).unref();
  }
}

/** What is to be logged of an answer: each bad service config once, and once that there is more than the bounds allow. */
function newTrouble({ complaint, leftOut }: GoodAnswer, before: GoodAnswer | undefined): string {
  return joinNotes(
    complaint === before?.complaint ? '' : complaint,
    (before?.leftOut ?? '') === '' ? leftOut : '',
  );
}

/** `srv:` and the like have it elsewhere, and checked. */
function badAuthority(resolverClass: object, target: experimental.GrpcUri): string | undefined {
  if (!('getDefaultAuthority' in resolverClass) || typeof resolverClass.getDefaultAuthority !== 'function')
    return;
  try {
    checkAuthority(resolverClass.getDefaultAuthority(target));
  } catch (error) {
    return `getDefaultAuthority() must return host[:port], which TLS verifies: ${messageOf(error)}`;
  }
}
