/** The page's port: whether it can be had, and why not. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Takes the port for a moment. @throws {Error} (rejects) if it is taken */
export async function tryPort(port: number): Promise<void> {
  const server = createServer().listen({ host: '127.0.0.1', port });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

export function whyNoPort(port: number, error: unknown): string {
  const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  return isTaken
    ? `port ${port} is taken; choose another one with --port, or any free one with --port 0`
    : (error as Error).message;
}
