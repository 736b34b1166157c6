/** Stands in for the channels of a target: it follows a watch, and tells when what a test waits for has come. */
import { setTimeout as pause } from 'node:timers/promises';
import { Condition } from '@petiole/test-kit/condition';
import { onTestFinished } from 'vitest';
import type { Surroundings } from '../../src/api/service-account.js';
import type { Timing } from '../../src/watching/watch-service.js';
import { type Found, type TargetWatch, watchTarget } from '../../src/watching/watch-target.js';

/** Milliseconds that something may take. */
const PATIENCE = 15_000;

/** Attempts come soon: nothing here waits for a back-off. */
const TIMING = { firstPause: 5, longestPause: 50, longestSilence: 60_000, longestOutage: 60_000 };

export class Follower {
  /** What was told, updates and failures. */
  readonly told: Array<Found | { readonly failure: string }> = [];
  readonly #news: Condition = new Condition();
  readonly #timing: Partial<Timing>;
  readonly #controller = new AbortController();

  /** Follows `SERVICE.NAMESPACE:PORT`, with a context before it and a slash where it names one. */
  constructor(target: string, surroundings: Surroundings, timing: Partial<Timing> = {}) {
    this.#timing = timing;
    const [path = '', authority = ''] = target.split('/').reverse();
    const told = (one: Found | { failure: string }): void => {
      this.told.push(one);
      this.#news.changed();
    };
    void this.#watch({ path, authority }, surroundings, told);
    onTestFinished(() => this.stop());
  }

  /** Begins anew after each failure, as the resolver does, but soon. */
  async #watch(
    target: TargetWatch['target'],
    surroundings: Surroundings,
    told: (one: Found | { failure: string }) => void,
  ): Promise<void> {
    const { signal } = this.#controller;
    while (!signal.aborted) {
      const failed = (error: Error): void => told({ failure: error.message });
      await watchTarget({ target, signal, update: told }, surroundings, { ...TIMING, ...this.#timing }).catch(
        failed,
      );
      await pause(TIMING.firstPause);
    }
  }

  stop(): void {
    this.#controller.abort();
  }

  /** `fd00::1+10.0.0.1`, each endpoint of the last update. */
  get names(): readonly string[] {
    const found = this.told.findLast((one) => 'endpoints' in one);
    return (found?.endpoints ?? []).map(({ addresses }) => addresses.map(({ host }) => host).join('+'));
  }

  /** Resolves when the latest update has these endpoints, in any order. */
  async has(...names: readonly string[]): Promise<void> {
    const wanted = [...names].sort().join();
    await this.#until(() => this.told.length > 0 && [...this.names].sort().join() === wanted);
  }

  /** Resolves to the first note or failure that says this, of those that were not looked at yet. */
  async says(text: string): Promise<string> {
    const find = (): string | undefined =>
      this.told.map((one) => ('failure' in one ? one.failure : one.note)).find((said) => said.includes(text));
    await this.#until(() => find() !== undefined);
    return find() ?? '';
  }

  /** Forgets what was told until now. */
  forget(): void {
    this.told.length = 0;
  }

  #until(holds: () => boolean): Promise<void> {
    return this.#news.until(holds, PATIENCE, () => `never: this was told: ${JSON.stringify(this.told)}`);
  }
}
