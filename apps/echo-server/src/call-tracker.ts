/**
 * Sees every RPC of a listener come and go: counts those of the Echo service,
 * reports each when it has ended, and tells when none is in flight. Streams of
 * the other services (a health Watch never ends) are known so that they can be ended.
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

export class CallTracker {
  /** RPCs of the Echo service that began, ever. */
  started = 0;
  /** Those that have not ended. */
  inFlight = 0;
  /** Ends each open call of another service. */
  readonly #others = new Set<() => void>();
  readonly #onEnd: (rpc: EndedRpc) => void;
  #whenIdle: (() => void)[] = [];

  constructor(onEnd: (rpc: EndedRpc) => void) {
    this.#onEnd = onEnd;
  }

  /** Resolves when no RPC of the Echo service is in flight. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.inFlight === 0) resolve();
      else this.#whenIdle.push(resolve);
    });
  }

  /** Ends the open calls of all other services with UNAVAILABLE. */
  endOthers(): void {
    for (const end of this.#others) end();
  }

  /** To be the first of a server's interceptors, so that it sees what the others answer. */
  readonly interceptor: ServerInterceptor = ({ path }, call) => {
    let sent: string | undefined;
    let onCancel: () => void;
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          // Not earlier: a call whose connection is gone already gets no metadata, and no end either.
          onReceiveMetadata: (metadata, proceed) => {
            onCancel = isEchoMethod(path)
              ? this.#trackEcho((ms) => ({
                  method: path,
                  peer: peerOf(call.getConnectionInfo()),
                  status: sent ?? endWithoutStatus(call.getDeadline()),
                  ms,
                }))
              : this.#trackOther(() =>
                  call.sendStatus({ code: status.UNAVAILABLE, details: 'the server is shutting down' }),
                );
            proceed(metadata);
          },
          // grpc-js calls this at the end of every call, of those that went well too.
          onCancel: () => onCancel?.(),
        });
      },
      sendStatus: (answer, proceed) => {
        sent ??= status[answer.code ?? status.UNKNOWN];
        proceed(answer);
      },
    });
  };

  #trackEcho(ended: (ms: number) => EndedRpc): () => void {
    const begun = performance.now();
    this.started++;
    this.inFlight++;
    return () => {
      this.inFlight--;
      this.#onEnd(ended(performance.now() - begun));
      if (this.inFlight > 0) return;
      for (const resolve of this.#whenIdle.splice(0)) resolve();
    };
  }

  #trackOther(end: () => void): () => void {
    this.#others.add(end);
    return () => this.#others.delete(end);
  }
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
