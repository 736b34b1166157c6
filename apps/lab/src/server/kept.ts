/** The newest of what comes, at most so many. Dropping the oldest costs nothing worth counting. */
export class Kept<Item> {
  readonly #most: number;
  #items: Item[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  push(item: Item): void {
    // Twice as many as are kept, so that they are moved once in a while only.
    if (this.#items.length >= 2 * this.#most) this.#items = this.#items.slice(-this.#most);
    this.#items.push(item);
  }

  /** The oldest first. */
  all(): readonly Item[] {
    return this.#items.slice(-this.#most);
  }
}
