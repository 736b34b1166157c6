/** Sees every RPC of the client begin and end, and tells at each tick what became of them, by server. */
import { InterceptingCall, type Interceptor, type StatusObject, status } from '@grpc/grpc-js';
import type { ServerTick, Tick } from '../../protocol.js';
import { attemptPeer, type NextCall } from '../grpc-js/attempt-peer.js';
import { RecentLatencies } from './recent-latencies.js';

/** The most picks of one tick. */
const MOST_PICKS = 50;

interface Flight {
  readonly number: number;
  readonly begun: number;
  readonly call: NextCall;
}

/** What a server did in this tick. */
interface Tally {
  ok: number;
  failed: number;
  inFlight: number;
}

/** An RPC that failed: which server it went to, or 0. */
export interface Failure {
  readonly server: number;
  readonly status: StatusObject;
}

export type RpcTick = Pick<Tick, 'started' | 'inFlight' | 'unplaced' | 'picks'> & {
  readonly servers: readonly Omit<ServerTick, 'attempts'>[];
};

export class RpcWatch {
  /** The server with that address; 0: none. */
  readonly #serverAt: (address: string) => number;
  readonly #onFailure: (failure: Failure) => void;
  readonly #inFlight = new Set<Flight>();
  readonly #latencies = new RecentLatencies();
  #began = 0;
  #told = 0;
  #unplaced = 0;
  #tallies = new Map<number, Tally>();
  #picks: { readonly number: number; readonly server: number }[] = [];

  constructor(serverAt: (address: string) => number, onFailure: (failure: Failure) => void) {
    this.#serverAt = serverAt;
    this.#onFailure = onFailure;
  }

  readonly interceptor: Interceptor = (options, nextCall) => {
    const call = nextCall(options);
    return new InterceptingCall(call, {
      start: (metadata, _, next) => {
        const flight: Flight = { number: this.#began++, begun: performance.now(), call };
        this.#inFlight.add(flight);
        next(metadata, {
          onReceiveStatus: (end, pass) => {
            this.#ended(flight, end);
            pass(end);
          },
        });
      },
    });
  };

  /** What happened since the last tick; the counts begin anew. */
  tick(now: number): RpcTick {
    const started = this.#began - this.#told;
    this.#told = this.#began;
    for (const { call } of this.#inFlight) {
      const server = this.#serverAt(attemptPeer(call));
      if (server !== 0) this.#tally(server).inFlight++;
    }
    const picks = this.#picks.sort((one, other) => one.number - other.number).slice(-MOST_PICKS);
    const quantiles = this.#latencies.quantiles(now);
    for (const server of quantiles.keys()) this.#tally(server);
    const servers = [...this.#tallies].map(([id, tally]) => ({ id, ...tally, ...quantiles.get(id) }));
    const unplaced = this.#unplaced;
    this.#tallies = new Map();
    this.#picks = [];
    this.#unplaced = 0;
    return {
      started,
      inFlight: this.#inFlight.size,
      unplaced,
      picks: picks.map(({ server }) => server),
      servers,
    };
  }

  #ended(flight: Flight, end: StatusObject): void {
    if (!this.#inFlight.delete(flight)) return;
    const server = this.#serverAt(attemptPeer(flight.call));
    const isOk = end.code === status.OK;
    if (server === 0 && !isOk) this.#unplaced++;
    if (server !== 0) {
      this.#tally(server)[isOk ? 'ok' : 'failed']++;
      const now = performance.now();
      this.#latencies.record(server, now, now - flight.begun);
    }
    this.#picks.push({ number: flight.number, server });
    if (!isOk) this.#onFailure({ server, status: end });
  }

  #tally(server: number): Tally {
    const known = this.#tallies.get(server);
    if (known !== undefined) return known;
    const fresh = { ok: 0, failed: 0, inFlight: 0 };
    this.#tallies.set(server, fresh);
    return fresh;
  }
}
