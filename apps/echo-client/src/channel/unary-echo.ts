/** One UnaryEcho RPC and everything about its end, as a value: a failure is an outcome too. */
import { Metadata, status } from '@grpc/grpc-js';
import type { EchoClient } from '@petiole/echo-proto';
import { oneLine } from '@petiole/service-config/internal';

/** Room for what a policy says of its endpoints. */
const LONGEST_DETAILS = 4000;

export interface EchoOutcome {
  readonly code: status;
  /** The status's message in one line; empty when the code is OK. */
  readonly details: string;
  /** The address that the RPC went to; undefined if it never left the client. */
  readonly peer: string | undefined;
  /** What the server answered, as it came; empty when it did not. */
  readonly message: string;
  /** From the start of the RPC to its end, waiting for a connection included. */
  readonly latencyMs: number;
}

export interface EchoCall {
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** Queue while no server is connected instead of failing. Default false. */
  readonly waitForReady?: boolean;
  /** Cancels the RPC: the outcome is then CANCELLED. */
  readonly signal?: AbortSignal;
}

/** Never rejects. */
export function unaryEcho(client: EchoClient, request: EchoCall): Promise<EchoOutcome> {
  const begin = performance.now();
  const metadata = new Metadata({ waitForReady: request.waitForReady === true });
  return new Promise((resolve) => {
    const call = client.unaryEcho(
      { message: request.message },
      metadata,
      { deadline: request.deadline },
      (error, response) => {
        request.signal?.removeEventListener('abort', cancel);
        const peer = call.getPeer();
        resolve({
          code: error === null ? status.OK : error.code,
          details: error === null ? '' : oneLine(error.details, LONGEST_DETAILS),
          // grpc-js answers with the target while an RPC has no connection.
          peer: peer === client.getChannel().getTarget() ? undefined : peer,
          message: response?.message ?? '',
          latencyMs: performance.now() - begin,
        });
      },
    );
    const cancel = (): void => call.cancel();
    request.signal?.addEventListener('abort', cancel, { once: true });
  });
}
