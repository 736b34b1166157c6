/** Sees every attempt of the client begin and end, and tells at each tick what became of them, by server and in their order. */
import { type StatusObject, status } from '@grpc/grpc-js';
import { KEPT_PICKS, type ServerTick, type Tick } from '../../protocol.js';
import { type AttemptCall, type Transport, transportOf, waitersOn } from '../grpc-js/attempts.js';
import { RecentLatencies } from './recent-latencies.js';

/** The most picks of one tick. */
const MOST_PICKS = 100;

interface Attempt {
  readonly number: number;
  readonly begun: number;
  readonly call: AttemptCall;
  /** Which server it was sent to; 0 until it is. */
  server: number;
  /** Its number in the order in which attempts were sent, once it was told. */
  pick: number | undefined;
}

/** What a server did in this tick. */
type Tally = {
  -readonly [Name in keyof Omit<ServerTick, 'id' | 'arrived' | 'p50' | 'p99'>]: ServerTick[Name];
};

/** An attempt, or an RPC, that failed: which server it went to, or 0. */
export interface Failure {
  readonly server: number;
  readonly status: StatusObject;
}

export type AttemptTick = Pick<Tick, 'unplaced' | 'picks' | 'lastPick' | 'failedPicks'> & {
  readonly servers: readonly Omit<ServerTick, 'arrived'>[];
};

export class AttemptWatch {
  readonly #serverAt: (address: string) => number;
  readonly #onFailure: (failure: Failure) => void;
  readonly #inFlight = new Set<Attempt>();
  readonly #latencies = new RecentLatencies();
  #began = 0;
  #lastPick = 0;
  #unplaced = 0;
  #tallies = new Map<number, Tally>();
  /** Sent since the last tick, or failed without. */
  #fresh: Attempt[] = [];
  #failed: Attempt[] = [];

  /** @param serverAt the server with that address; 0: none */
  constructor(serverAt: (address: string) => number, onFailure: (failure: Failure) => void) {
    this.#serverAt = serverAt;
    this.#onFailure = onFailure;
  }

  /** Returns what hears of its end. */
  readonly began = (call: AttemptCall): ((end: StatusObject) => void) => {
    const attempt = { number: this.#began++, begun: performance.now(), call, server: 0, pick: undefined };
    this.#inFlight.add(attempt);
    return (end) => this.#ended(attempt, end);
  };

  /** What happened since the last tick; the counts begin anew. */
  tick(now: number): AttemptTick {
    const connections = new Map<Transport, number>();
    for (const attempt of this.#inFlight) {
      this.#place(attempt);
      if (attempt.server === 0) continue;
      this.#tally(attempt.server).inFlight++;
      const transport = transportOf(attempt.call);
      if (transport !== undefined) connections.set(transport, attempt.server);
    }
    for (const [transport, server] of connections) this.#tally(server).waiting += waitersOn(transport);
    const fresh = this.#fresh.sort((one, other) => one.number - other.number);
    for (const attempt of fresh) attempt.pick = ++this.#lastPick;
    const oldest = this.#lastPick - KEPT_PICKS;
    const failedPicks = this.#failed.flatMap(({ pick = 0 }) => (pick > oldest ? [pick] : []));
    const quantiles = this.#latencies.quantiles(now);
    for (const server of quantiles.keys()) this.#tally(server);
    const servers = [...this.#tallies].map(([id, tally]) => ({ id, ...tally, ...quantiles.get(id) }));
    const unplaced = this.#unplaced;
    this.#tallies = new Map();
    this.#fresh = [];
    this.#failed = [];
    this.#unplaced = 0;
    return {
      unplaced,
      picks: fresh.slice(-MOST_PICKS).map(({ server }) => server),
      lastPick: this.#lastPick,
      failedPicks,
      servers,
    };
  }

  /** Whether it was sent is looked at, and not told: it stands in the order in which attempts began. */
  #place(attempt: Attempt): void {
    if (attempt.server !== 0) return;
    attempt.server = this.#serverAt(attempt.call.getPeer());
    if (attempt.server === 0) return;
    this.#tally(attempt.server).sent++;
    this.#fresh.push(attempt);
  }

  #ended(attempt: Attempt, end: StatusObject): void {
    if (!this.#inFlight.delete(attempt)) return;
    this.#place(attempt);
    const { server } = attempt;
    // A hedge that lost, or the end of the lab.
    if (end.code === status.CANCELLED) return;
    const isOk = end.code === status.OK;
    if (server === 0) {
      this.#unplaced++;
      this.#fresh.push(attempt);
    } else {
      const now = performance.now();
      this.#tally(server)[isOk ? 'ok' : 'failed']++;
      this.#latencies.record(server, now, now - attempt.begun);
    }
    if (isOk) return;
    this.#failed.push(attempt);
    this.#onFailure({ server, status: end });
  }

  #tally(server: number): Tally {
    const known = this.#tallies.get(server);
    if (known !== undefined) return known;
    const fresh = { sent: 0, ok: 0, failed: 0, inFlight: 0, waiting: 0 };
    this.#tallies.set(server, fresh);
    return fresh;
  }
}
