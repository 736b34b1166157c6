/**
 * Endpoints that are pushed. One watch serves all channels of a target: it begins with the first of them and ends with the
 * last. When it ends by itself, the last answer stays, and it is begun again after a back-off.
 */
import { clearImmediate, setImmediate } from 'node:timers';
import type { experimental } from '@grpc/grpc-js';
import { logError, messageOf, type Trace, TurningClock } from '@petiole/service-config/internal';
import { backoff, type ReconnectDelays } from '../grpc-js/channel-options.js';
import { LONGEST_NOTE } from '../lookup/notes.js';
import type { CheckedOptions } from './options.js';
import { type GoodAnswer, type Resolution, type Successor, succeed } from './resolution.js';
import { Source, type Subscriber, unavailable } from './source.js';

/** What a watch is given. */
export interface Watching {
  /** Aborted when the last channel went idle or was closed, and when the watch has ended in any other way. */
  readonly signal: AbortSignal;
  /**
   * Replaces the answer. Of several in one turn of the event loop, the last one counts. One that cannot be used leaves the
   * answer before it in place, and its cause is told; after the end, nothing happens.
   */
  readonly update: (resolution: Resolution) => void;
  /** Ends the watch as a throw does, for code that is called back. */
  readonly fail: (error: unknown) => void;
}

/** Where a watch stands. A phase owns its timers: they end with it. */
type Phase =
  /** No channel listens. */
  | { readonly kind: 'idle' }
  | Running
  /** It ended by itself, at that time of `Date.now()`. */
  | { readonly kind: 'backing off'; readonly since: number };

interface Running {
  readonly kind: 'running';
  readonly controller: AbortController;
  /** Until the first update. */
  readonly silence: TurningClock;
  /** Milliseconds of back-off before it; 0 for the first watch. */
  readonly waited: number;
  /** Since the first good update. A watch that lasts as long as was waited for it makes the back-off short again. */
  trial?: TurningClock;
  /** What is to be read in the next turn of the event loop. */
  newest?: { readonly resolution: Resolution; readonly turn: NodeJS.Immediate };
}

/** What a {@link SharedWatch} is made of. */
export interface WatchParts {
  /** As messages have it. */
  readonly target: string;
  readonly watch: (watching: Watching) => Promise<void>;
  readonly options: CheckedOptions;
  readonly delays: ReconnectDelays;
  readonly trace: Trace;
  /** The last channel has gone. */
  readonly ended: () => void;
}

export class SharedWatch extends Source {
  readonly #parts: WatchParts;
  readonly #backoff: experimental.BackoffTimeout;
  #phase: Phase = { kind: 'idle' };
  /** It stays while no channel listens: what comes next may be a failure. */
  #good: GoodAnswer | undefined;

  constructor(parts: WatchParts) {
    super(undefined, 'replay', 'the watch says what changes');
    this.#parts = parts;
    this.#backoff = backoff(() => this.#begin(), parts.delays);
  }

  override subscribe(subscriber: Subscriber): void {
    super.subscribe(subscriber);
    if (this.#phase.kind === 'idle') this.#begin();
  }

  override unsubscribe(subscriber: Subscriber): void {
    super.unsubscribe(subscriber);
    if (this.subscribers.size > 0) return;
    this.#parts.trace?.('the watch ends with the last channel');
    this.#enter({ kind: 'idle' });
    this.#backoff.reset();
    this.latest = undefined;
    this.#parts.ended();
  }

  #begin(): void {
    const phase = this.#phase;
    const waited = phase.kind === 'backing off' ? this.#backoff.getEndTime().getTime() - phase.since : 0;
    const controller = new AbortController();
    const running: Running = { kind: 'running', controller, silence: new TurningClock(), waited };
    this.#enter(running);
    const { deadline } = this.#parts.options;
    running.silence.wait(deadline, () => this.#end(running, `no answer within ${deadline} ms`));
    this.#run(running).then(
      () => this.#end(running, 'the watch has ended'),
      (error: unknown) => this.#end(running, messageOf(error, LONGEST_NOTE)),
    );
  }

  /** Calls the watch in a microtask: grpc-js may be at work now, and cannot bear that its client is closed (fact R7). */
  async #run(running: Running): Promise<void> {
    await undefined;
    const { signal } = running.controller;
    if (signal.aborted) return;
    this.#parts.trace?.('the watch begins');
    await this.#parts.watch({
      signal,
      update: (resolution) => this.#update(running, resolution),
      fail: (error) => this.#end(running, messageOf(error, LONGEST_NOTE)),
    });
  }

  #update(running: Running, resolution: Resolution): void {
    if (this.#phase !== running) return;
    running.silence.stop();
    const turn = running.newest?.turn ?? setImmediate(() => this.#read(running));
    running.newest = { resolution, turn };
  }

  #read(running: Running): void {
    if (running.newest === undefined) return;
    const { resolution, turn } = running.newest;
    clearImmediate(turn);
    delete running.newest;
    let successor: Successor;
    try {
      successor = succeed(this.#good, resolution, this.#parts.options);
    } catch (error) {
      this.#report(messageOf(error, LONGEST_NOTE));
      return;
    }
    const { answer, isNews, trouble } = successor;
    this.#good = answer;
    if (running.waited > 0 && running.trial === undefined) {
      running.trial = new TurningClock();
      running.trial.wait(running.waited, () => this.#backoff.reset());
    }
    if (trouble !== '') logError(`${this.#parts.target}: ${trouble}`);
    const told = this.latest?.kind === 'endpoints' ? this.latest.note : undefined;
    if (isNews || told !== answer.note) this.publish({ kind: 'endpoints', ...answer });
    else this.confirm();
    if (answer.incomplete || trouble !== '') this.fail(answer.note || 'the answer is incomplete');
  }

  /** What was said before the end counts. */
  #end(running: Running, message: string): void {
    if (this.#phase !== running) return;
    this.#read(running);
    this.#enter({ kind: 'backing off', since: Date.now() });
    this.#report(message);
  }

  /** Channels that have an answer keep it; those that come later hear of the failure, too. */
  #report(message: string): void {
    this.#parts.trace?.(`failed: ${message}`);
    const note = `the last answer was kept: ${message}`;
    const { latest } = this;
    // What was said before the end is an answer until it is told.
    if (latest !== undefined && latest.kind !== 'failure')
      this.latest = { ...latest, kind: this.isDue ? latest.kind : 'kept', note };
    else if (this.#good !== undefined) this.publish({ kind: 'kept', ...this.#good, note });
    else {
      this.publish(unavailable(`Name resolution failed for target ${this.#parts.target}: ${message}`));
      return;
    }
    this.fail(message);
  }

  #enter(next: Phase): void {
    const left = this.#phase;
    this.#phase = next;
    if (left.kind === 'running') {
      left.silence.stop();
      left.trial?.stop();
      clearImmediate(left.newest?.turn);
      left.controller.abort();
    }
    if (next.kind === 'backing off') this.#backoff.runOnce();
    else this.#backoff.stop(); // its delay stays grown
  }
}
