/** The two apps as child processes, the way their `start` scripts run them. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const APPS = fileURLToPath(new URL('../..', import.meta.url));

/** The pnpm that runs these tests, or the README's where none does. */
export const PNPM: readonly string[] = /pnpm\.c?js$/.test(process.env.npm_execpath ?? '')
  ? ['node', process.env.npm_execpath ?? '']
  : ['npx', '--yes', 'pnpm@10.34.8'];

/** Starts an app from its sources; `environment` adds to ours. */
export function startApp(app: 'echo-client' | 'echo-server', environment: Record<string, string> = {}) {
  return execa('node', ['--conditions=@petiole/source', '--import', 'tsx', 'src/main.ts'], {
    cwd: `${APPS}${app}`,
    // These tests may themselves run as a turbo task, which an app must not take for its own.
    env: { ...environment, TURBO_HASH: undefined },
    reject: false,
    stdin: 'pipe',
  });
}

export type AppProcess = ReturnType<typeof startApp>;

/** Resolves with the first line that satisfies; rejects if the stream ends without one. It keeps flowing. */
export function lineOf(stream: Readable, satisfies: RegExp | ((line: string) => boolean)): Promise<string> {
  const matches = satisfies instanceof RegExp ? (line: string) => satisfies.test(line) : satisfies;
  return new Promise((resolve, reject) => {
    const lines = createInterface(stream);
    lines.on('line', (line) => {
      if (matches(line)) resolve(line);
    });
    lines.once('close', () => reject(new Error(`the output ended without ${satisfies}`)));
  });
}

/** True if something accepts TCP connections there. */
export async function listening(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    // Where nobody listens, the system may give the socket that very port, and connect it to itself.
    return socket.localPort !== port;
  } catch {
    return false;
  } finally {
    // A reset leaves no TIME_WAIT behind, which would keep a server from the port for a minute.
    socket.resetAndDestroy();
  }
}

/** Which of the servers' default addresses somebody listens on: nothing, once all apps are gone. */
export async function listeningDefaults(): Promise<readonly string[]> {
  const addresses = ['127.0.0.1:50050', '[::1]:50051', '127.0.0.1:50052', '[::1]:50052'];
  const found = await Promise.all(
    addresses.map(async (address) => {
      const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
      return (await listening(host, Number(port))) ? [address] : [];
    }),
  );
  return found.flat();
}
