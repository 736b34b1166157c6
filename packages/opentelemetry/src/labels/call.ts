/** Labels of the metrics of RPCs: made once for each method of a channel, since every RPC of it has the same. */
import { status as Status } from '@grpc/grpc-js';
import type { Attributes } from '@opentelemetry/api';
import type { BackendLabels } from './backend.js';

export class CallLabels {
  /** Of what is known at the start of an RPC. */
  readonly started: Attributes;
  readonly #calls: readonly Attributes[];
  readonly #backends: BackendLabels;
  readonly #attempts = new Map<Attributes, readonly Attributes[]>();

  /** @param backends what metrics of ended attempts have beside (A89) */
  constructor(started: Attributes, backends: BackendLabels) {
    this.started = started;
    this.#calls = CODES.map((code) => ({ ...started, 'grpc.status': Status[code] }));
    this.#backends = backends;
  }

  callEnded(code: Status): Attributes {
    return of(this.#calls, code);
  }

  /** @param backend what the resolver said of the server */
  attemptEnded(code: Status, backend: Attributes): Attributes {
    const labels = this.#backends.of(backend);
    const known = this.#attempts.get(labels);
    if (known !== undefined) return of(known, code);
    const made = this.#calls.map((call) => ({ ...call, ...labels }));
    this.#attempts.set(labels, made);
    return of(made, code);
  }
}

/** In their order, which has no gap: 0 is OK. */
const CODES: readonly Status[] = Object.values(Status).filter((code) => typeof code === 'number');

/** A server can send any number: those without a name are UNKNOWN. */
function of(byCode: readonly Attributes[], code: Status): Attributes {
  return byCode[code] ?? byCode[Status.UNKNOWN] ?? {};
}
