/** The newest of what was added, up to a number of them. */
export class Ring<T> {
  readonly #kept: T[] = [];
  readonly #size: number;
  #oldest = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get length(): number {
    return this.#kept.length;
  }

  add(item: T): void {
    if (this.#kept.length < this.#size) {
      this.#kept.push(item);
      return;
    }
    this.#kept[this.#oldest] = item;
    this.#oldest = (this.#oldest + 1) % this.#size;
  }

  /** The newest is at -1, the oldest at 0. */
  at(index: number): T | undefined {
    const { length } = this.#kept;
    const fromOldest = index < 0 ? length + index : index;
    if (fromOldest < 0 || fromOldest >= length) return undefined;
    return this.#kept[(this.#oldest + fromOldest) % length];
  }

  /** The oldest first. */
  all(): readonly T[] {
    return [...this.#kept.slice(this.#oldest), ...this.#kept.slice(0, this.#oldest)];
  }

  /** The newest first, until `visit` returns false. */
  backwards(visit: (item: T) => boolean): void {
    for (let index = this.#kept.length - 1; index >= 0; index--) {
      const item = this.at(index);
      if (item === undefined || !visit(item)) return;
    }
  }
}
