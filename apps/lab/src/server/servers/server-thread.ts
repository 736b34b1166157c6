/**
 * A thread with a server in it, so that a server can be frozen: the thread blocks, the kernel goes on to accept
 * connections, and nothing answers. A thread takes 40 MB, a process of its own 100 MB.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Answer, type Behaviour, type Order, SHARED } from './orders.js';

/** Threads do not inherit the loader of TypeScript. */
const START = `import(${quoted(import.meta.resolve('tsx/esm/api'))}).then(({ register }) => {
  register();
  return import(${quoted(new URL('server-worker.ts', import.meta.url).href)});
});`;

function quoted(url: string): string {
  return JSON.stringify(url);
}

/** How long a thread may take to end. */
const PATIENCE_MS = 1_000;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: Error) => void;
}

export class ServerThread {
  readonly #shared = new Int32Array(new SharedArrayBuffer(4 * SHARED.length));
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  /** Why there is no thread any more. */
  #ended: Error | undefined;

  /** @param onCrash gets why, if the thread ends by itself */
  constructor(onCrash: (problem: string) => void) {
    this.#worker = new Worker(START, {
      eval: true,
      execArgv: ['--conditions=@petiole/source'],
      workerData: this.#shared.buffer,
    });
    let problem = 'its thread has ended';
    this.#worker.on('message', (answer: Answer) => this.#waiting.shift()?.resolve(answer));
    this.#worker.on('error', (error) => {
      problem = error.message;
    });
    this.#worker.on('exit', () => {
      if (this.#ended === undefined) onCrash(problem);
      this.#refuse(new Error(problem));
    });
  }

  /** RPCs that have arrived so far, attempts of the same one included. */
  get arrivals(): number {
    return Atomics.load(this.#shared, SHARED.arrivals);
  }

  /** Resolves with the address, as bound. Rejects with why it cannot be. */
  async open(address: string, streamLimit: number | undefined): Promise<string> {
    const answer = await this.#ask({ do: 'open', address, streamLimit });
    if (answer.is === 'open') return answer.address;
    throw new Error(answer.is === 'failed' ? answer.problem : 'it was closed');
  }

  /** Resolves with how many RPCs were cut off. */
  async close(graceMs: number): Promise<number> {
    const answer = await this.#ask({ do: 'close', graceMs });
    return answer.is === 'closed' ? answer.cutOff : 0;
  }

  cutOff(): void {
    this.#tell({ do: 'cut-off' });
  }

  behave(behaviour: Behaviour): void {
    this.#tell({ do: 'behave', ...behaviour });
  }

  freeze(): void {
    Atomics.store(this.#shared, SHARED.frozen, 1);
    this.#tell({ do: 'freeze' });
  }

  thaw(): void {
    Atomics.store(this.#shared, SHARED.frozen, 0);
    Atomics.notify(this.#shared, SHARED.frozen);
  }

  /**
   * Also while it is frozen. Connections break. A thread is asked first: Node.js 20 may abort the whole process where it ends
   * one that has HTTP/2 sessions.
   */
  async end(): Promise<void> {
    const isOver = this.#worker.threadId === -1;
    this.#refuse(new Error('its thread was ended'));
    if (isOver) return;
    const ended = once(this.#worker, 'exit');
    this.thaw();
    this.#tell({ do: 'end' });
    const late = setTimeout(() => void this.#worker.terminate(), PATIENCE_MS);
    await ended;
    clearTimeout(late);
  }

  #tell(order: Order): void {
    this.#worker.postMessage(order);
  }

  /** Whoever waits for an answer, or will. */
  #refuse(reason: Error): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }

  #ask(order: Order): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#tell(order);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
}
