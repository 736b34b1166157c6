/**
 * DNS queries in a thread that the process does not wait for: Node cannot unref a query, but it can a worker. There is
 * one thread at most, and only while a session is open in it: it takes 10 to 17 MB, and 50 ms to start.
 */
import { Worker } from 'node:worker_threads';
import { withCode } from './dns-error.js';

/** What a session's c-ares resolver is made with. */
export interface DnsSettings {
  /** As `setServers` takes it; undefined: the system's. */
  readonly server: string | undefined;
  /** Milliseconds that the first try waits. */
  readonly timeout: number;
  readonly tries: number;
}

/** Asks one question, by a method of `dns.promises.Resolver`. Rejects with an error that has a `code`. */
export type Ask = (
  method: 'resolveSrv' | 'resolve4' | 'resolve6' | 'resolveTxt',
  name: string,
) => Promise<unknown[]>;

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
parentPort.on('message', async ({ session, settings, id, method, name }) => {
  if (settings !== undefined) {
    const resolver = new Resolver({ timeout: settings.timeout, tries: settings.tries });
    if (settings.server !== undefined) resolver.setServers([settings.server]);
    resolvers.set(session, resolver);
    return;
  }
  const resolver = resolvers.get(session);
  if (id === undefined) {
    resolvers.delete(session);
    resolver.cancel();
    return;
  }
  try {
    parentPort.postMessage({ id, records: await resolver[method](name) });
  } catch (error) {
    parentPort.postMessage({ id, code: String(error.code ?? error) });
  }
});
`;

/** The process's one. */
let current: DnsThread | undefined;

class DnsThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #openSessions = 0;
  #end: Error | undefined;
  /** Whether it runs, once that is known. */
  readonly isOnline: Promise<boolean>;

  /** @throws {Error} when the process may start no thread (Node's permission model). */
  constructor() {
    // Neither NODE_OPTIONS nor --import: what instruments the program must not run a second time.
    this.#worker = new Worker(PROGRAM, { eval: true, name: 'petiole-dns', execArgv: [], env: {} });
    this.#worker.on('message', (answer: Answer) => this.#settle(answer));
    this.#worker.unref(); // not before: listening to messages refs it
    this.isOnline = new Promise((resolve) => {
      this.#worker.on('online', () => resolve(true));
      this.#worker.on('error', (error) => this.#finish(error));
      this.#worker.on('exit', () => {
        resolve(false);
        this.#finish(withCode('EDESTRUCTION'));
      });
    });
  }

  /** The session ends with the signal, and the thread with its last session. */
  open(settings: DnsSettings, signal: AbortSignal): Ask {
    const session = this.#nextId();
    this.#openSessions += 1;
    this.#worker.postMessage({ session, settings });
    const close = (): void => {
      this.#worker.postMessage({ session });
      this.#openSessions -= 1;
      if (this.#openSessions === 0) this.#finish(withCode('ECANCELLED'));
    };
    signal.addEventListener('abort', close, { once: true });
    return (method, name) => {
      if (this.#end !== undefined) return Promise.reject(this.#end);
      return new Promise((resolve, reject) => {
        const id = this.#nextId();
        this.#pending.set(id, { resolve, reject });
        this.#worker.postMessage({ session, id, method, name });
      });
    };
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #settle(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('records' in answer) pending?.resolve(answer.records);
    else pending?.reject(withCode(answer.code));
  }

  #finish(end: Error): void {
    if (current === this) current = undefined;
    this.#end ??= end;
    void this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(this.#end);
    this.#pending.clear();
  }
}

/** Opens a session in the thread, until the signal aborts; undefined where the process can have no thread. */
export async function openInThread(settings: DnsSettings, signal: AbortSignal): Promise<Ask | undefined> {
  try {
    current ??= new DnsThread();
  } catch {
    return undefined;
  }
  const thread = current;
  const ask = thread.open(settings, signal);
  return (await thread.isOnline) ? ask : undefined;
}
