/**
 * Random numbers that a seed repeats. Each user draws from a stream of its own,
 * so that the schedule of faults does not depend on how fast the load runs.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export class SeededRandom {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  /** `stream` picks one of many sequences of the same seed; the jump between two is 2^64 numbers. */
  constructor(seed: number, stream = 0) {
    this.#generator = xoroshiro128plus(seed);
    for (let n = 0; n < stream; n++) this.#generator.jump();
  }

  /** From `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return uniformInt(this.#generator, min, max);
  }

  /** True once in so many times. */
  onceIn(times: number): boolean {
    return this.integer(1, times) === 1;
  }

  /** One of the items. The list must not be empty. */
  oneOf<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)] as T;
  }

  /** The items in another order. */
  shuffled<T>(items: readonly T[]): T[] {
    const rest = [...items];
    return items.map(() => rest.splice(this.integer(0, rest.length - 1), 1)[0] as T);
  }
}
