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
  /** The last of each endpoint. */
  readonly #losses: Map<string, { readonly at: number; readonly what: string }> = new Map();
  #tellAttempt: () => void = () => {};
  /** Resolves when the first connection attempt is under way. */
  readonly attempted: Promise<void> = new Promise((resolve) => {
    this.#tellAttempt = resolve;
  });
  #notEmptySince = Number.POSITIVE_INFINITY;
  readonly #listener = (message: unknown): void => {
    const { target, endpoint, from, to, reason } = message as EndpointEvent;
    if (target !== this.#target) return;
    if (to === 'CONNECTING') this.#tellAttempt();
    if (to === 'READY') this.#ready.add(endpoint);
    else if (from === 'READY') {
      this.#ready.delete(endpoint);
      this.#losses.set(endpoint, {
        at: performance.now(),
        what: `${endpoint} left READY for ${to} (${reason})`,
      });
    }
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

  /** What was the last loss of any of these since then, if there was one. */
  lostSince(time: number, endpoints: readonly string[]): string | undefined {
    const losses = endpoints.map((endpoint) => this.#losses.get(endpoint));
    return losses.find((loss) => loss !== undefined && loss.at >= time)?.what;
  }

  close(): void {
    unsubscribe(CHANNEL, this.#listener);
  }
}
