/** Short texts that the browser keeps for the page: until the tab is closed, or for good. */

/** A browser may keep nothing. Reading then gives undefined, and writing does nothing. */
export class Kept {
  readonly #key: string;
  readonly #area: () => Storage;

  constructor(key: string, area: () => Storage) {
    this.#key = `petiole-lab-${key}`;
    this.#area = area;
  }

  read(): string | undefined {
    try {
      return this.#area().getItem(this.#key) ?? undefined;
    } catch {
      return undefined;
    }
  }

  write(text: string): void {
    try {
      this.#area().setItem(this.#key, text);
    } catch {
      // Then it lasts as long as the page.
    }
  }
}
