/** Labels of the metrics of RPCs: made once for each method of a channel, since every RPC of it has the same. */
import { status as Status } from '@grpc/grpc-js';
import type { Attributes } from '@opentelemetry/api';

export class CallLabels {
  /** Of what is known at the start of an RPC. */
  readonly started: Attributes;
  readonly #calls: readonly Attributes[];
  readonly #attempts: readonly Attributes[];

  /** @param backend what metrics of ended attempts have beside (A78, A89) */
  constructor(started: Attributes, backend: Attributes) {
    this.started = started;
    this.#calls = CODES.map((code) => ({ ...started, 'grpc.status': Status[code] }));
    this.#attempts = this.#calls.map((labels) => ({ ...labels, ...backend }));
  }

  callEnded(code: Status): Attributes {
    return of(this.#calls, code);
  }

  attemptEnded(code: Status): Attributes {
    return of(this.#attempts, code);
  }
}

/** In their order, which has no gap: 0 is OK. */
const CODES: readonly Status[] = Object.values(Status).filter((code) => typeof code === 'number');

/** A server can send any number: those without a name are UNKNOWN. */
function of(byCode: readonly Attributes[], code: Status): Attributes {
  return byCode[code] ?? byCode[Status.UNKNOWN] ?? {};
}
