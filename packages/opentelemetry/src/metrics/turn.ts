/**
 * Puts records off to the end of the turn of the event loop, when answers are delivered and requests are on their way. An SDK
 * takes less time for records that it makes one after another than for those between other work. Whoever collects before
 * ends the turn first.
 */
import { setImmediate } from 'node:timers';

/** What records when the turn is over. */
export interface Late {
  record(): void;
}

export class Turn {
  readonly #most: number;
  #late: Late[] = [];
  readonly #byKey = new Map<object, Late>();

  /** @param most how many may wait: 1 puts nothing off */
  constructor(most: number) {
    this.#most = most;
  }

  /** @param key by which `find` finds it until the turn is over */
  add(late: Late, key?: object): void {
    if (key !== undefined) this.#byKey.set(key, late);
    const count = this.#late.push(late);
    if (count >= this.#most) this.end();
    else if (count === 1) setImmediate(this.end);
  }

  readonly end = (): void => {
    const late = this.#late;
    this.#late = [];
    this.#byKey.clear();
    for (const each of late) each.record();
  };

  find(key: object): Late | undefined {
    return this.#byKey.get(key);
  }
}
