/** RPCs that fail for one reason are one line of the log each second, and not one each. */

/** A burst is told when so many ticks have passed. */
const TICKS = 10;
/** Reasons of one second; what comes beyond them is told as one. */
const MOST_REASONS = 20;
const FURTHER = 'for further reasons';

interface Burst {
  readonly server: number;
  readonly text: string;
  readonly count: number;
}

export class FailureBursts {
  readonly #tell: (server: number | undefined, text: string) => void;
  #bursts = new Map<string, Burst>();
  #ticks = 0;

  /** @param tell gets the server that they went to; undefined: none took them */
  constructor(tell: (server: number | undefined, text: string) => void) {
    this.#tell = tell;
  }

  failed(server: number, text: string): void {
    const isKnown = this.#bursts.has(`${server} ${text}`) || this.#bursts.size < MOST_REASONS;
    const burst = isKnown ? { server, text } : { server: 0, text: FURTHER };
    const key = `${burst.server} ${burst.text}`;
    this.#bursts.set(key, { ...burst, count: (this.#bursts.get(key)?.count ?? 0) + 1 });
  }

  tick(): void {
    if (++this.#ticks < TICKS) return;
    this.#ticks = 0;
    for (const { server, text, count } of this.#bursts.values())
      this.#tell(server === 0 ? undefined : server, `${count} RPC${count === 1 ? '' : 's'} failed: ${text}`);
    this.#bursts = new Map();
  }
}
