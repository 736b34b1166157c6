/**
 * One gRPC server on one address: bound, answering, and stopped again. An
 * address is written as gRPC writes peers: `127.0.0.1:50050`, `[::1]:50051`.
 */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { EchoService } from '@petiole/echo-proto';
import { echoHandlers } from './echo-handlers.js';

export interface Listener {
  /** Where it listens; the real port where port 0 was asked for. */
  readonly address: string;
  /** Refuses new connections, lets RPCs in flight finish, and cuts off those that take longer than `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** A listener that could not be opened; the message names the address and the cause. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * Opens a listener. `[::1]` serves IPv6 only and `[::]` both families: libuv sets IPV6_V6ONLY to off
 * explicitly, so the system's `bindv6only` setting does not matter.
 */
export async function startListener(requested: string): Promise<Listener> {
  const server = new Server();
  let address = requested;
  server.addService(
    EchoService,
    echoHandlers(() => address),
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(requested, ServerCredentials.createInsecure(), (error, boundPort) => {
      if (error === null) resolve(boundPort);
      else {
        server.forceShutdown();
        reject(
          new ListenError(`cannot listen on ${requested}: ${bindFailure(requested, error)}`, {
            cause: error,
          }),
        );
      }
    });
  });
  address = requested.replace(/:\d+$/, `:${port}`);
  return { address, stop: (graceMs) => stopServer(server, graceMs) };
}

/** Opens all of them or none: when one fails, those that did open are closed before this rejects. */
export async function startListeners(addresses: readonly string[]): Promise<readonly Listener[]> {
  const results = await Promise.allSettled(addresses.map((address) => startListener(address)));
  const opened = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (failures.length === 0) return opened;
  await Promise.all(opened.map((listener) => listener.stop(0)));
  throw new ListenError(failures.map((failure: Error) => failure.message).join('; '), { cause: failures });
}

function stopServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => server.forceShutdown(), graceMs);
    server.tryShutdown(() => {
      clearTimeout(cutOff);
      resolve();
    });
  });
}

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EACCES: 'this user may not use that port',
  EADDRNOTAVAIL: 'this machine has no such address',
  EAFNOSUPPORT: 'this machine has no such address family',
};

/** The words for a failed bind. grpc-js reports text only: "No address added … errors: [listen EADDRINUSE: …]". */
function bindFailure(address: string, error: Error): string {
  const code = /\blisten (E[A-Z]+)\b/.exec(error.message)?.[1];
  const cause = code === undefined ? undefined : CAUSES[code];
  if (cause === undefined) return error.message;
  const hint = address.startsWith('[') && code !== 'EADDRINUSE' ? '; is IPv6 switched on?' : '';
  return `${cause} (${code})${hint}`;
}
