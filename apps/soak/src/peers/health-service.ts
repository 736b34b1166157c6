/**
 * The health service of a soak server. Its Watches can be cut all at once, as
 * proxies do to streams of one age, or end after one answer each, as those of
 * some servers do.
 */
import { type Server, type ServerWritableStream, status as Status } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

/** Whoever watches this service is told of an illness before its Watch ends: the injected bug `ended-watches`. */
export const ILL_AT_THE_END = 'soak.ill-at-the-end';

type ServingStatus = 'SERVING' | 'NOT_SERVING';
type Watch = ServerWritableStream<{ readonly service: string }, { readonly status: ServingStatus }>;

export class HealthService {
  readonly #watches: Set<Watch> = new Set();
  readonly #begun: Map<string, number> = new Map();
  #status: ServingStatus = 'SERVING';
  #endsEach = false;

  addTo(server: Server): void {
    server.addService(service, {
      Watch: (watch: Watch) => {
        const agent = String(watch.metadata.get('user-agent')[0]).split(' ')[0] ?? '';
        this.#begun.set(agent, (this.#begun.get(agent) ?? 0) + 1);
        this.#watches.add(watch);
        watch.on('cancelled', () => this.#watches.delete(watch));
        watch.write({ status: this.#status });
        if (this.#endsEach) this.#end(watch, Status.OK);
      },
    });
  }

  set status(status: ServingStatus) {
    this.#status = status;
    for (const watch of this.#watches) watch.write({ status });
  }

  /** Ends all Watches with this code. */
  cut(code: Status): void {
    for (const watch of this.#watches) this.#end(watch, code);
  }

  /** Whether each Watch ends after its first answer from now on. */
  set endsEach(endsEach: boolean) {
    this.#endsEach = endsEach;
  }

  /** How many Watches each client has begun since the last question, by the first word of its user agent. */
  takeBegun(): Readonly<Record<string, number>> {
    const begun = Object.fromEntries(this.#begun);
    this.#begun.clear();
    return begun;
  }

  #end(watch: Watch, code: Status): void {
    this.#watches.delete(watch);
    if (watch.request.service === ILL_AT_THE_END) watch.write({ status: 'NOT_SERVING' });
    if (code === Status.OK) watch.end();
    else watch.emit('error', { code, details: 'the stream has reached its greatest age' });
  }
}
