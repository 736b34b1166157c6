/** Sees every RPC of the client begin and end, whatever its attempts, and tells at each tick what became of them. */
import { InterceptingCall, type Interceptor, type StatusObject, status } from '@grpc/grpc-js';
import type { Tick } from '../../protocol.js';
import { attemptsOf, type NextCall } from '../grpc-js/attempts.js';
import type { Failure } from './attempt-watch.js';
import { RecentLatencies } from './recent-latencies.js';

interface Flight {
  readonly begun: number;
  readonly call: NextCall;
}

export type RpcTick = Pick<
  Tick,
  'started' | 'ok' | 'failed' | 'attempts' | 'repeated' | 'inFlight' | 'p50' | 'p99'
>;

const NONE = { started: 0, ok: 0, failed: 0, attempts: 0, repeated: 0 };
/** Latencies are kept by server; these are of all. */
const ALL = 0;

export class RpcWatch {
  readonly #serverAt: (address: string) => number;
  readonly #onFailure: (failure: Failure) => void;
  readonly #inFlight = new Set<Flight>();
  readonly #latencies = new RecentLatencies();
  #counts = { ...NONE };

  /** @param serverAt the server with that address; 0: none */
  constructor(serverAt: (address: string) => number, onFailure: (failure: Failure) => void) {
    this.#serverAt = serverAt;
    this.#onFailure = onFailure;
  }

  readonly interceptor: Interceptor = (options, nextCall) => {
    const call = nextCall(options);
    return new InterceptingCall(call, {
      start: (metadata, _, next) => {
        const flight: Flight = { begun: performance.now(), call };
        this.#inFlight.add(flight);
        this.#counts.started++;
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
    const counts = this.#counts;
    this.#counts = { ...NONE };
    return { ...counts, inFlight: this.#inFlight.size, ...this.#latencies.quantiles(now).get(ALL) };
  }

  #ended(flight: Flight, end: StatusObject): void {
    if (!this.#inFlight.delete(flight)) return;
    const now = performance.now();
    const attempts = attemptsOf(flight.call);
    const isOk = end.code === status.OK;
    this.#counts[isOk ? 'ok' : 'failed']++;
    this.#counts.attempts += attempts.length;
    if (attempts.length > 1) this.#counts.repeated++;
    this.#latencies.record(ALL, now, now - flight.begun);
    if (!isOk) this.#onFailure({ server: this.#serverAt(attempts.at(-1)?.getPeer() ?? ''), status: end });
  }
}
