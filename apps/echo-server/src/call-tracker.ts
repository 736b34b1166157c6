/**
 * Sees every RPC of a server come and go: reports those of the Echo service,
 * and tells when none is in flight. Streams of the other services (a health
 * Watch never ends) are known so that they can be ended.
 */
import { type Deadline, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import { EchoService } from '@petiole/echo-proto';

const ECHO_METHODS: ReadonlySet<string> = new Set(Object.values(EchoService).map(({ path }) => path));

/** True for the methods that this server is there for, as against health, reflection and channelz. */
export function isEchoMethod(path: string): boolean {
  return ECHO_METHODS.has(path);
}

/** An RPC of the Echo service that has ended. */
export interface EndedRpc {
  /** `/grpc.examples.echo.Echo/UnaryEcho` */
  readonly method: string;
  /** `127.0.0.1:43210`, `[::1]:43210`; `unix` for a client of a Unix domain socket. */
  readonly peer: string;
  /** `OK`, `UNAVAILABLE`, … `CANCELLED` where the client or its connection went away first. */
  readonly status: string;
  /** From its headers to its status. */
  readonly ms: number;
}

interface CallObserver {
  /** An RPC of the Echo service began. */
  began(): void;
  ended(rpc: EndedRpc): void;
}

/** The calls of one server. */
export class CallTracker {
  readonly #observer: CallObserver;
  /** Ends the call with UNAVAILABLE. */
  readonly #echoCalls = new Set<() => void>();
  readonly #otherCalls = new Set<() => void>();
  #whenIdle: (() => void)[] = [];

  constructor(observer: CallObserver) {
    this.#observer = observer;
  }

  /** RPCs of the Echo service that have not ended. */
  get inFlight(): number {
    return this.#echoCalls.size;
  }

  /** Resolves when no RPC of the Echo service is in flight. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.inFlight === 0) resolve();
      else this.#whenIdle.push(resolve);
    });
  }

  /** Ends every open call with UNAVAILABLE. */
  endAll(): void {
    for (const end of [...this.#echoCalls, ...this.#otherCalls]) end();
  }

  /** To be the first of a server's interceptors, so that it sees what the others answer. */
  readonly interceptor: ServerInterceptor = ({ path }, call) => {
    const isEcho = isEchoMethod(path);
    let sent: string | undefined;
    let begun = 0;
    const end = (): void => {
      sent ??= 'UNAVAILABLE';
      call.sendStatus({ code: status.UNAVAILABLE, details: 'the server stops' });
    };
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          // Not earlier: a call whose connection is gone already gets no metadata, and no end either.
          onReceiveMetadata: (metadata, proceed) => {
            begun = performance.now();
            (isEcho ? this.#echoCalls : this.#otherCalls).add(end);
            if (isEcho) this.#observer.began();
            proceed(metadata);
          },
          // grpc-js calls this at the end of every call, of those that went well too.
          onCancel: () => {
            this.#otherCalls.delete(end);
            if (!this.#echoCalls.delete(end)) return;
            this.#observer.ended({
              method: path,
              peer: peerOf(call.getConnectionInfo()),
              status: sent ?? endWithoutStatus(call.getDeadline()),
              ms: performance.now() - begun,
            });
            if (this.inFlight === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
          },
        });
      },
      sendStatus: (answer, proceed) => {
        sent ??= status[answer.code ?? status.UNKNOWN];
        proceed(answer);
      },
    });
  };
}

/** grpc-js answers DEADLINE_EXCEEDED below the interceptors. */
function endWithoutStatus(deadline: Deadline): string {
  return Number(deadline) <= Date.now() ? 'DEADLINE_EXCEEDED' : 'CANCELLED';
}

function peerOf({
  remoteAddress,
  remotePort,
}: {
  remoteAddress?: string | undefined;
  remotePort?: number | undefined;
}): string {
  if (remoteAddress === undefined || remotePort === undefined) return 'unix';
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}
