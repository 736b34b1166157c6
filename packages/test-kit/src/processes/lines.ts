/** The lines of a process's output: those that it has written, and those that it will. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Condition } from '../condition.js';

const PATIENCE_MS = 40_000;

export class Lines {
  /** All so far. */
  readonly all: string[] = [];
  #taken = 0;
  #ended = false;
  readonly #news: Condition = new Condition();

  /** To be made before anything is awaited: what has flowed by is not seen here. */
  constructor(output: Readable) {
    const lines = createInterface(output);
    lines.on('line', (line) => {
      this.all.push(line);
      this.#news.changed();
    });
    lines.once('close', () => {
      this.#ended = true;
      this.#news.changed();
    });
  }

  /** The first line of all that satisfies. Rejects if the output ends without one, or after 40 s. */
  async line(satisfies: RegExp | ((line: string) => boolean)): Promise<string> {
    const matches = satisfies instanceof RegExp ? (line: string) => satisfies.test(line) : satisfies;
    return this.#first(0, matches, String(satisfies));
  }

  /** The rest of the first line with that beginning. */
  async after(beginning: string): Promise<string> {
    const line = await this.line((text) => text.startsWith(beginning));
    return line.slice(beginning.length).trim();
  }

  /** The first line that `next` has not given yet. */
  next(): Promise<string> {
    return this.#first(this.#taken++, () => true, 'another line');
  }

  async #first(from: number, matches: (line: string) => boolean, what: string): Promise<string> {
    let seen = from - 1;
    let found: string | undefined;
    const look = (): boolean => {
      while (found === undefined && seen + 1 < this.all.length) {
        seen++;
        const line = this.all[seen] as string;
        if (matches(line)) found = line;
      }
      return found !== undefined || this.#ended;
    };
    const vain = (): string => `no ${what} among ${JSON.stringify(this.all.slice(-20))}`;
    await this.#news.until(look, PATIENCE_MS, vain);
    if (found === undefined) throw new Error(vain());
    return found;
  }
}
