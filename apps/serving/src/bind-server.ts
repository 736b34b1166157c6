/**
 * Binds a gRPC server to one address, and says in one line why it could not:
 * which address, and what stands in the way.
 */
import { logVerbosity, type Server, type ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';

/** A listener that could not be opened; the message names the address and the cause. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * Resolves with the port. `[::1]` serves IPv6 only and `[::]` both families: libuv sets IPV6_V6ONLY to off
 * explicitly, so the system's `bindv6only` setting does not matter.
 * @throws {ListenError} (rejects)
 */
export async function bindServer(
  server: Server,
  address: string,
  credentials: ServerCredentials,
): Promise<number> {
  const talkAgain = quietGrpc();
  try {
    return await new Promise<number>((resolve, reject) => {
      server.bindAsync(address, credentials, (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  } catch (error) {
    server.forceShutdown();
    const failure = bindFailure(address, error as Error);
    throw new ListenError(`cannot listen on ${address}: ${failure}`, { cause: error });
  } finally {
    talkAgain();
  }
}

let binding = 0;

/** grpc-js logs a failed bind as an error of its own, without the address; ours says it better. */
function quietGrpc(): () => void {
  if (process.env.GRPC_VERBOSITY !== undefined) return () => {};
  if (binding++ === 0) setLogVerbosity(logVerbosity.NONE);
  return () => {
    if (--binding === 0) setLogVerbosity(logVerbosity.ERROR);
  };
}

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EACCES: 'this user may not use that port',
  EADDRNOTAVAIL: 'this machine has no such address',
  EAFNOSUPPORT: 'this machine has no such address family',
};

const UNIX_CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there, or one that was killed left the file behind: remove it then',
  EACCES: 'this user may not make a file there, or the folder does not exist',
  ENOENT: 'the folder does not exist',
  EINVAL: 'the path of a socket must be shorter than 108 bytes',
};

/** The words for a failed bind. grpc-js reports text only: "No address added … errors: [listen EADDRINUSE: …]". */
function bindFailure(address: string, error: Error): string {
  const code = /\blisten (E[A-Z]+)\b/.exec(error.message)?.[1];
  const cause = code === undefined ? undefined : (address.startsWith('unix:') ? UNIX_CAUSES : CAUSES)[code];
  if (cause === undefined) return error.message;
  const hint = address.startsWith('[') && code !== 'EADDRINUSE' ? '; is IPv6 switched on?' : '';
  return `${cause} (${code})${hint}`;
}
