/**
 * A server of the soak as its client sees it: what can be done to it, and what
 * was done to it when. It keeps its address over all its lives.
 */
import type { status as Status } from '@grpc/grpc-js';
import { ScriptProcess } from './child-process.js';
import { ClogPeer } from './clog-peer.js';

/** A stretch of time in which the server could not answer. */
export interface Outage {
  /** Its connections died, or it was frozen and they lived on. */
  readonly kind: 'dead' | 'frozen';
  readonly from: number;
  /** Infinity while it lasts. */
  to: number;
}

/** A server as RPCs are judged by it. */
export interface ServerHistory {
  /** `127.0.0.11:41234`, as endpoints and peers are printed. */
  readonly address: string;
  /** Oldest first. */
  readonly outages: readonly Outage[];
}

/** Judgements look back no further than the longest RPC and its slack. */
const KEPT_OUTAGES = 50;

/**
 * Each server has a loopback address of its own where the system has them all: on one address, a connection to the
 * port of a dead server can by chance be given the same port at its own end, and then TCP connects it to itself.
 */
function hostOf(index: number): string {
  return process.platform === 'linux' ? `127.0.0.${11 + index}` : '127.0.0.1';
}

export class Backend implements ServerHistory {
  readonly index: number;
  readonly host: string;
  readonly outages: Outage[] = [];
  #port = 0;
  #process: ScriptProcess | undefined;
  #clog: ClogPeer | undefined;

  constructor(index: number) {
    this.index = index;
    this.host = hostOf(index);
  }

  get address(): string {
    return `${this.host}:${this.#port}`;
  }

  async start(): Promise<void> {
    const child = new ScriptProcess('backend-process', [this.host, String(this.#port)]);
    this.#port = Number(await child.lineWith('port '));
    this.#process = child;
    this.#back();
  }

  async kill(): Promise<void> {
    this.#out('dead');
    this.#process?.signal('SIGKILL');
    await this.#process?.ended();
    this.#process = undefined;
  }

  /** GOAWAY; the process ends after the calls in flight. */
  async drain(): Promise<void> {
    this.#out('dead');
    this.#process?.say('drain');
    await this.#process?.ended();
    this.#process = undefined;
  }

  freeze(): void {
    this.#out('frozen');
    this.#process?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#process?.signal('SIGCONT');
    this.#back();
  }

  /** Dead, and its port neither refuses nor accepts connections. */
  async clog(): Promise<void> {
    await this.kill();
    this.#clog = await ClogPeer.start(this.host, this.#port);
  }

  async unclog(): Promise<void> {
    await this.#clog?.end();
    this.#clog = undefined;
    await this.start();
  }

  async setHealth(status: 'SERVING' | 'NOT_SERVING'): Promise<void> {
    await this.#tell(`health ${status}`, `health ${status}`);
  }

  /** Ends all health Watches with that code. */
  async cutWatches(code: Status): Promise<void> {
    await this.#tell(`cut ${code}`, `cut ${code}`);
  }

  /** Whether each health Watch ends after its first answer; answers with the number that each client began since it was last called. */
  async endEachWatch(ends: boolean): Promise<Readonly<Record<string, number>>> {
    return JSON.parse(await this.#tell(`end-each ${ends ? 'yes' : 'no'}`, 'begun '));
  }

  /** Says a line, and waits for one with that beginning. */
  async #tell(line: string, answer: string): Promise<string> {
    const told = this.#process?.lineWith(answer);
    this.#process?.say(line);
    return (await told) ?? '';
  }

  #out(kind: Outage['kind']): void {
    this.outages.push({ kind, from: performance.now(), to: Number.POSITIVE_INFINITY });
    if (this.outages.length > KEPT_OUTAGES) this.outages.shift();
  }

  #back(): void {
    const last = this.outages.at(-1);
    if (last?.to === Number.POSITIVE_INFINITY) last.to = performance.now();
  }
}
