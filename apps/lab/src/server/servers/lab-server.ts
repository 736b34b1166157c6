/**
 * One server of the lab: what it was told to be, its phase, and what can be done to it. Whatever takes time is done one
 * after the other; whether it may be done is said at once.
 */
import type { ServerState } from '../../protocol.js';
import { freePort } from './free-port.js';
import type { Behaviour } from './orders.js';
import { ServerThread } from './server-thread.js';

/** What a server can be told; the defaults are those of a server without faults. */
export interface ServerSettings extends Behaviour {
  readonly dualStack: boolean;
  readonly streamLimit: number | undefined;
}

export const FAULTLESS: ServerSettings = {
  healthy: true,
  delayMs: 0,
  errorRate: 0,
  dualStack: false,
  streamLimit: undefined,
};

/** IPv6 first, as Happy Eyeballs has it (RFC 8305). */
const HOSTS = ['[::1]', '127.0.0.1'] as const;
export type Host = (typeof HOSTS)[number];

/** How long RPCs in flight may take when a server stops. */
const GRACE_MS = 2_000;

type Phase = ServerState['phase'];

/** Hears of everything that happens to a server. */
export interface ServerObserver {
  /** Its state is another one. */
  changed(): void;
  log(text: string): void;
}

export class LabServer {
  readonly id: number;
  /** Where it listens while it is not dual-stack. */
  readonly #host: Host;
  readonly #observer: ServerObserver;
  readonly #thread: ServerThread;
  #settings: ServerSettings;
  /** What it had when it was opened last. */
  #openedWith: ServerSettings;
  #phase: Phase = 'stopped';
  #problem: string | undefined;
  /** It has the same on both addresses, and keeps it. */
  #port: number | undefined;
  #addresses: readonly string[] = [];
  #work: Promise<void> = Promise.resolve();
  #arrivalsTold = 0;

  constructor(id: number, host: Host, settings: ServerSettings, observer: ServerObserver) {
    this.id = id;
    this.#host = host;
    this.#settings = settings;
    this.#openedWith = settings;
    this.#observer = observer;
    this.#thread = new ServerThread((problem) => this.#enter('failed', problem));
    this.#thread.behave(settings);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** All that it listens on, or will listen on again; empty before it was open for the first time. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** What the resolver names: both addresses, also while one of them refuses. Empty before it was open for the first time. */
  get endpoint(): readonly string[] {
    return this.#port === undefined ? [] : HOSTS.map((host) => `${host}:${this.#port}`);
  }

  get settings(): ServerSettings {
    return this.#settings;
  }

  get state(): Omit<ServerState, 'endpoint'> {
    const { healthy, dualStack, delayMs, errorRate, streamLimit } = this.#settings;
    return {
      id: this.id,
      addresses: this.#addresses,
      phase: this.#phase,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
      healthy,
      dualStack,
      delayMs,
      errorRate,
      ...(streamLimit === undefined ? {} : { streamLimit }),
    };
  }

  /** The RPCs that have arrived since this was asked last. */
  takeArrivals(): number {
    const all = this.#thread.arrivals;
    const fresh = all - this.#arrivalsTold;
    this.#arrivalsTold = all;
    return fresh;
  }

  /** Resolves when it serves, or has failed to. */
  start(): Promise<void> {
    return this.#then(() => this.#open());
  }

  /** Drains it; asked again, cuts off what it still waits for. A frozen one is thawed first. */
  stop(): Promise<void> {
    if (this.#phase === 'draining') this.#thread.cutOff();
    this.#thaw();
    return this.#then(() => this.#drain());
  }

  freeze(): void {
    if (this.#phase !== 'serving') return;
    this.#thread.freeze();
    this.#enter('frozen');
    this.#observer.log('is frozen: connections are accepted, nothing answers');
  }

  thaw(): void {
    this.#thaw();
    void this.#then(() => this.#renew());
  }

  #thaw(): void {
    if (this.#phase !== 'frozen') return;
    this.#thread.thaw();
    this.#enter('serving');
    this.#observer.log('has thawed');
  }

  /** Some of it takes effect at once; the rest opens it anew, if it is open; a frozen one when it has thawed. */
  set(news: Partial<ServerSettings>): Promise<void> {
    const before = this.#settings;
    this.#settings = { ...before, ...news };
    this.#thread.behave(this.#settings);
    const said = describe(before, this.#settings);
    if (said !== '') this.#observer.log(said);
    this.#observer.changed();
    return this.#then(() => this.#renew());
  }

  /** At once, whatever it does; connections break. */
  async end(): Promise<void> {
    await this.#thread.end();
    await this.#work;
  }

  #then(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch((error: Error) => this.#enter('failed', error.message));
    return this.#work;
  }

  /** Once for all that was said since it was opened. */
  async #renew(): Promise<void> {
    const { dualStack, streamLimit } = this.#settings;
    const isSo = dualStack === this.#openedWith.dualStack && streamLimit === this.#openedWith.streamLimit;
    if (isSo || this.#phase !== 'serving') return;
    await this.#drain();
    await this.#open();
  }

  async #open(): Promise<void> {
    if (this.#phase !== 'stopped' && this.#phase !== 'failed') return;
    this.#enter('starting');
    this.#observer.log('starts');
    const { dualStack, streamLimit } = this.#settings;
    this.#openedWith = this.#settings;
    const hosts = HOSTS.filter((host) => dualStack || host === this.#host);
    const addresses: string[] = [];
    try {
      this.#port ??= await freePort();
      for (const host of hosts) addresses.push(await this.#thread.open(`${host}:${this.#port}`, streamLimit));
    } catch (error) {
      await this.#thread.close(0);
      this.#observer.log(`cannot start: ${(error as Error).message}`);
      return this.#enter('failed', (error as Error).message);
    }
    this.#addresses = addresses;
    this.#enter('serving');
    this.#observer.log(`serves on ${addresses.join(' and ')}`);
  }

  async #drain(): Promise<void> {
    if (this.#phase !== 'serving') return;
    this.#enter('draining');
    this.#observer.log('drains: no new connections, RPCs in flight may finish');
    const cutOff = await this.#thread.close(GRACE_MS);
    this.#enter('stopped');
    this.#observer.log(cutOff === 0 ? 'is stopped' : `is stopped; ${cutOff} RPCs were cut off`);
  }

  #enter(phase: Phase, problem?: string): void {
    this.#phase = phase;
    this.#problem = problem;
    this.#observer.changed();
  }
}

/** What has changed, in words; empty if nothing has. */
function describe(before: ServerSettings, now: ServerSettings): string {
  const words: Readonly<Record<keyof ServerSettings, string>> = {
    healthy: now.healthy ? 'says SERVING' : 'says NOT_SERVING',
    delayMs: now.delayMs === 0 ? 'answers at once' : `answers ${now.delayMs} ms late`,
    errorRate: now.errorRate === 0 ? 'fails no RPC' : `fails ${Math.round(now.errorRate * 100)} % of RPCs`,
    dualStack: now.dualStack ? 'becomes dual-stack' : 'is dual-stack no more',
    streamLimit:
      now.streamLimit === undefined
        ? 'takes any number of streams'
        : `takes ${now.streamLimit} streams on each connection`,
  };
  const changed = (Object.keys(words) as (keyof ServerSettings)[]).filter(
    (name) => before[name] !== now[name],
  );
  return changed.map((name) => words[name]).join(', ');
}
