/** Ports of the loopback: whether one can be had, and why not. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Takes the port for a moment. @throws {Error} (rejects) if it is taken */
export async function tryPort(port: number): Promise<void> {
  await close(await listen('127.0.0.1', port));
}

/** @throws {Error} (rejects) if the port is taken */
export async function listen(host: string, port: number): Promise<Server> {
  const server = createServer().listen({ host, port });
  await once(server, 'listening');
  return server;
}

export async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

export function whyNoPort(port: number, error: unknown): string {
  const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  return isTaken
    ? `port ${port} is taken; choose another one with --port, or any free one with --port 0`
    : (error as Error).message;
}
