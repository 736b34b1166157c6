/**
 * Which endpoints of a channel are READY, as `petiole.endpoint.state` tells
 * it. grpc-js's own policies tell nothing.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EndpointEvent } from '@petiole/balancer';

const CHANNEL = 'petiole.endpoint.state';

export class ReadyEndpoints {
  readonly #target: string;
  readonly #ready: Set<string> = new Set();
  #notEmptySince = Number.POSITIVE_INFINITY;
  readonly #listener = (message: unknown): void => {
    const { target, endpoint, from, to } = message as EndpointEvent;
    if (target !== this.#target) return;
    if (to === 'READY') this.#ready.add(endpoint);
    else if (from === 'READY') this.#ready.delete(endpoint);
    if (this.#ready.size === 0) this.#notEmptySince = Number.POSITIVE_INFINITY;
    else if (this.#notEmptySince === Number.POSITIVE_INFINITY) this.#notEmptySince = performance.now();
  };

  /** Listens until `close`. Make it before the channel. */
  constructor(target: string) {
    this.#target = target;
    subscribe(CHANNEL, this.#listener);
  }

  has(endpoint: string): boolean {
    return this.#ready.has(endpoint);
  }

  /** Exactly these, and no other. */
  are(endpoints: readonly string[]): boolean {
    return this.#ready.size === endpoints.length && endpoints.every((endpoint) => this.#ready.has(endpoint));
  }

  /** At least one has been READY all the time since then. */
  neverEmptySince(time: number): boolean {
    return this.#notEmptySince <= time;
  }

  close(): void {
    unsubscribe(CHANNEL, this.#listener);
  }
}
