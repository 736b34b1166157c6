/**
 * One run against the servers: sends every RPC, one after the other, prints
 * who answered, and rejects unless the peers are exactly the expected ones.
 */
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describePeers, deviation, expectedPeers } from './distribution.js';
import { createEchoClient } from './echo-channel.js';
import { type EndpointStates, watchEndpointStates } from './endpoint-states.js';
import type { ExpectedEndpoint } from './reference-run.js';
import { waitForServers } from './wait-for-servers.js';

export interface VerifyOptions {
  readonly endpoints: readonly ExpectedEndpoint[];
  readonly message: string;
  readonly repeatCount: number;
  readonly iterations: number;
  /** For the whole run, from its start. */
  readonly timeoutMs: number;
  /** Gets each line of the transcript as it happens. */
  readonly print: (line: string) => void;
}

/** The promise was not kept; the message says what was seen and who is missing. */
export class VerifyError extends Error {
  override readonly name = 'VerifyError';
}

interface Answer {
  readonly peer: string;
  readonly message: string;
}

/**
 * Resolves when all RPCs were answered by the right peers.
 * Servers that are not there yet are waited for, until the timeout.
 * @throws {VerifyError} (rejects) on a deviation, a failed RPC and at the timeout.
 */
export async function verify(options: VerifyOptions): Promise<void> {
  const { endpoints, message, repeatCount, iterations, timeoutMs, print } = options;
  const deadline = Date.now() + timeoutMs;
  const expected = { peers: endpoints.map((endpoint) => endpoint.peer), repeatCount, iterations };
  const total = expectedPeers(expected).length;
  const states = watchEndpointStates();
  const client = createEchoClient({ endpoints, repeatCount });
  const seen: string[] = [];
  const failed = (error: ServiceError | Error): never => {
    throw new VerifyError(describeFailure(error, seen, options, states), { cause: error });
  };

  const unaryEcho = (): Promise<Answer> =>
    new Promise((resolve, reject) => {
      // Wait for ready: an RPC queues while no server is connected, instead of failing.
      const call = client.unaryEcho(
        { message },
        new Metadata({ waitForReady: true }),
        { deadline },
        (error, response) => {
          if (error !== null) reject(error);
          else resolve({ peer: call.getPeer(), message: response?.message ?? '' });
        },
      );
    });

  try {
    await waitForServers({ endpoints, repeatCount }, deadline).catch(failed);
    while (seen.length < total) {
      const answer = await unaryEcho().catch(failed);
      seen.push(answer.peer);
      print(`Response from peer "${answer.peer}": message:"${answer.message}"`);
      if (!answer.message.startsWith(message)) {
        throw new VerifyError(`${answer.peer} answered "${answer.message}" to "${message}"`);
      }
    }
    const wrong = deviation(seen, expected);
    if (wrong !== undefined) throw new VerifyError(`${wrong}\n  seen: ${describePeers(seen)}`);
  } finally {
    client.close();
    states.close();
  }
}

function describeFailure(
  error: ServiceError | Error,
  seen: readonly string[],
  { endpoints, repeatCount, iterations, timeoutMs }: VerifyOptions,
  states: EndpointStates,
): string {
  const total = endpoints.length * repeatCount * iterations;
  // waitForReady reports the deadline by an error without a code.
  const timedOut = !('code' in error) || error.code === status.DEADLINE_EXCEEDED;
  const what = timedOut
    ? `no success within ${timeoutMs / 1000} s: ${seen.length} of ${total} RPCs were answered`
    : `RPC ${seen.length + 1} of ${total} failed: ${error.message}`;
  return [
    what,
    `  seen: ${describePeers(seen)}`,
    ...endpoints.flatMap((endpoint) => missing(endpoint, states)),
  ].join('\n');
}

/** The line about an endpoint without a connection; none for one that has one. */
function missing({ addresses, peer }: ExpectedEndpoint, states: EndpointStates): readonly string[] {
  const known = states.of(addresses);
  if (known?.state === 'READY') return [];
  const lost = known?.everReady === true ? 'lost' : 'never came';
  const error = known?.lastError ? `: ${known.lastError}` : '';
  return [`  ${lost}: peer ${peer} (endpoint ${addresses.join('+')})${error}`];
}
