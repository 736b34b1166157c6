/** channelz, reflection and health, served so that grpcdebug and grpcurl can look inside this client. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { bindServer, introspection, ServerHealth } from '@petiole/serving';
import { UsageError } from './usage-error.js';

/**
 * Says on stderr where it serves.
 * @returns what stops it.
 * @throws {UsageError} (rejects) if nobody can listen there.
 */
export async function serveAdmin(address: string): Promise<() => void> {
  const server = new Server();
  const health = new ServerHealth([]);
  health.addToServer(server);
  health.set(true);
  introspection([])(server);
  const port = await bindServer(server, address, ServerCredentials.createInsecure()).catch((error: Error) => {
    throw new UsageError(`option '--admin' value '${address}': ${error.message}`);
  });
  console.error(`echo-client: admin services on ${address.replace(/:\d+$/, `:${port}`)}`);
  return () => server.forceShutdown();
}
