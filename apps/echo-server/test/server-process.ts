/** The real echo-server as a child process, the way `pnpm start` runs it. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const APP = fileURLToPath(new URL('..', import.meta.url));

/** Starts the server on these addresses. As a turbo task, the end of its stdin means stop. */
export function startServer(addresses: readonly string[], { turboTask = false } = {}) {
  return execa('node', ['--conditions=@petiole/source', '--import', 'tsx', 'src/main.ts'], {
    cwd: APP,
    // These tests may themselves run as a turbo task, which the server must not take for its own.
    env: { ECHO_SERVER_LISTEN: addresses.join(','), TURBO_HASH: turboTask ? 'test' : undefined },
    reject: false,
    stdin: 'pipe',
  });
}

export type ServerProcess = ReturnType<typeof startServer>;

/** The addresses that the server says it serves on, once it says so. */
export async function servingAddresses(server: ServerProcess): Promise<readonly string[]> {
  const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
  return line.replace(/^serving on /, '').split(', ');
}
