/**
 * DNS queries in a thread that the process does not wait for. Node cannot unref a query; a worker it can. The thread
 * exists only while somebody leases it: it takes 10 MB and 50 ms to start.
 */
import { Worker } from 'node:worker_threads';

/** One query, as `dns.promises.Resolver` takes it. */
export interface DnsQuery {
  readonly method: 'resolveSrv' | 'resolve4' | 'resolve6' | 'resolveTxt';
  readonly name: string;
  /** As `setServers` takes it; undefined: the system's. */
  readonly server: string | undefined;
  /** Milliseconds that the first try waits. */
  readonly timeout: number;
  readonly tries: number;
}

interface Pending {
  readonly resolve: (records: unknown[]) => void;
  readonly reject: (error: Error) => void;
}

type Answer = { readonly id: number } & ({ readonly records: unknown[] } | { readonly code: string });

/** A text and not a file: bundlers take no notice of a worker's file. */
const PROGRAM = `
const { parentPort } = require('node:worker_threads');
const { Resolver } = require('node:dns').promises;
const resolvers = new Map();
parentPort.on('message', async ({ id, query }) => {
  if (query === undefined) return resolvers.get(id)?.cancel();
  const { method, name, server, timeout, tries } = query;
  const resolver = new Resolver({ timeout, tries });
  if (server !== undefined) resolver.setServers([server]);
  resolvers.set(id, resolver);
  try {
    parentPort.postMessage({ id, records: await resolver[method](name) });
  } catch (error) {
    parentPort.postMessage({ id, code: String(error.code ?? error) });
  }
  resolvers.delete(id);
});
`;

/** The process's one. */
let current: DnsThread | undefined;

/** Use it through {@link leaseDnsThread}. */
export class DnsThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #leases = 0;
  /** Resolves with whether the thread runs. */
  readonly isOnline: Promise<boolean>;

  /** @throws {Error} when the process may not start threads (Node's permission model). */
  constructor() {
    // Neither NODE_OPTIONS nor --import: what instruments the program must not run a second time.
    this.#worker = new Worker(PROGRAM, { eval: true, name: 'petiole-dns', execArgv: [], env: {} });
    this.#worker.on('message', (answer: Answer) => this.#settle(answer));
    this.#worker.unref(); // not before: listening to messages refs it
    this.isOnline = new Promise((resolve) => {
      this.#worker.on('online', () => resolve(true));
      this.#worker.on('error', (error: NodeJS.ErrnoException) => {
        resolve(false);
        this.#end(error);
      });
    });
  }

  /** Rejects with an error that has Node's DNS code, or that of the thread's end. Aborting cancels the query. */
  ask(query: DnsQuery, signal: AbortSignal): Promise<unknown[]> {
    this.#lastId += 1;
    const id = this.#lastId;
    const cancel = (): void => this.#worker.postMessage({ id });
    return new Promise<unknown[]>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ id, query });
      signal.addEventListener('abort', cancel, { once: true });
    }).finally(() => signal.removeEventListener('abort', cancel));
  }

  /** Keeps the thread until the signal aborts. */
  lease(signal: AbortSignal): void {
    this.#leases += 1;
    const release = (): void => {
      this.#leases -= 1;
      if (this.#leases === 0) this.#end(Object.assign(new Error('cancelled'), { code: 'ECANCELLED' }));
    };
    signal.addEventListener('abort', release, { once: true });
  }

  #settle(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('records' in answer) pending?.resolve(answer.records);
    else pending?.reject(Object.assign(new Error(answer.code), { code: answer.code }));
  }

  #end(error: Error): void {
    if (current === this) current = undefined;
    void this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

/** The thread, kept until the signal aborts; undefined where the process may have none. */
export async function leaseDnsThread(signal: AbortSignal): Promise<DnsThread | undefined> {
  try {
    current ??= new DnsThread();
  } catch {
    return undefined;
  }
  const thread = current;
  thread.lease(signal);
  return (await thread.isOnline) && !signal.aborted ? thread : undefined;
}
