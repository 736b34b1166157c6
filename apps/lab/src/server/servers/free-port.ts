/** A port that is free on both loopback addresses: a server's endpoint names both, and no stranger is to answer at either. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

const TRIES = 20;

/** @throws {Error} (rejects) if there is none */
export async function freePort(): Promise<number> {
  for (let tries = 1; ; tries++) {
    const first = await listen('127.0.0.1', 0);
    const { port } = first.address() as AddressInfo;
    try {
      await close(await listen('::1', port));
      return port;
    } catch (error) {
      // A machine without IPv6 has no stranger there either.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return port;
      if (tries === TRIES) throw error;
    } finally {
      await close(first);
    }
  }
}

async function listen(host: string, port: number): Promise<Server> {
  const server = createServer().listen({ host, port });
  await once(server, 'listening');
  return server;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
