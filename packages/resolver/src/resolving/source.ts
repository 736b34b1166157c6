/** What channels follow: the newest of what is published at a time reaches all of them, later. */
import { status } from '@grpc/grpc-js';
import type { Delivered, Failure } from './delivery.js';
import type { UpdateReason } from './update-events.js';

export type Told =
  /** They are `kept` where something has failed since they were an answer. */
  | ({ readonly kind: 'endpoints' | 'kept' } & Delivered)
  | { readonly kind: 'failure'; readonly failure: Failure };

/** A channel that follows. */
export interface Subscriber {
  /** There is another `latest`. */
  tell(reason: UpdateReason): void;
  /** The same was said again. */
  confirm(): void;
  /** Something failed, in whole or in part, that leaves the channel its endpoints. */
  fail(details: string): void;
}

export class Source {
  /** Undefined until there is something: RPCs wait. */
  latest: Told | undefined;
  /** Why a channel that has just begun to follow is told the latest. */
  readonly firstReason: UpdateReason;
  /** Why a request for re-resolution changes nothing, for the trace. */
  readonly requestIgnored: string;
  readonly subscribers: Set<Subscriber> = new Set();
  /** Whether the latest is still to be told. */
  protected isDue = false;

  constructor(latest: Told | undefined, firstReason: UpdateReason, requestIgnored: string) {
    this.latest = latest;
    this.firstReason = firstReason;
    this.requestIgnored = requestIgnored;
  }

  subscribe(subscriber: Subscriber): void {
    this.subscribers.add(subscriber);
  }

  unsubscribe(subscriber: Subscriber): void {
    this.subscribers.delete(subscriber);
  }

  /** Stored at once; told on the next tick, in the order of the subscriptions. */
  publish(latest: Told): void {
    this.latest = latest;
    if (this.isDue) return;
    this.isDue = true;
    process.nextTick(() => {
      this.isDue = false;
      for (const subscriber of [...this.subscribers]) subscriber.tell('update');
    });
  }

  /** The latest was said again. */
  confirm(): void {
    this.#afterThat((subscriber) => subscriber.confirm());
  }

  fail(details: string): void {
    this.#afterThat((subscriber) => subscriber.fail(details));
  }

  /** Each is told after what was published before. */
  #afterThat(tell: (subscriber: Subscriber) => void): void {
    process.nextTick(() => this.subscribers.forEach(tell));
  }
}

export function unavailable(details: string): Told {
  return { kind: 'failure', failure: { code: status.UNAVAILABLE, details } };
}
