/** channelz and what else registers as an admin service, served so that grpcdebug can look inside this client. */
import {
  addAdminServicesToServer,
  logVerbosity,
  Server,
  ServerCredentials,
  setLogVerbosity,
} from '@grpc/grpc-js';
import { UsageError } from './usage-error.js';

/**
 * Says on stderr where it serves.
 * @returns what stops it.
 * @throws {UsageError} (rejects) if nobody can listen there.
 */
export async function serveAdmin(address: string): Promise<() => void> {
  const server = new Server();
  addAdminServicesToServer(server);
  // grpc-js logs a failed bind as an error of its own, without the address.
  const quiet = process.env.GRPC_VERBOSITY === undefined;
  if (quiet) setLogVerbosity(logVerbosity.NONE);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else {
        reject(
          new UsageError(
            `option '--admin' value '${address}': allowed is an address that this process can listen on: ${error.message}`,
          ),
        );
      }
    });
  });
  if (quiet) setLogVerbosity(logVerbosity.ERROR);
  console.error(`echo-client: admin services on ${address.replace(/:\d+$/, `:${port}`)}`);
  return () => server.forceShutdown();
}
