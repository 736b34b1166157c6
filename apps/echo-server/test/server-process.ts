/** The real echo-server as a child process, the way `pnpm start` runs it. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';

export const APP = fileURLToPath(new URL('..', import.meta.url));

/** What follows `node`: the same as in the package's `start` script. */
export const MAIN = ['--conditions=@petiole/source', '--import', 'tsx', 'src/main.ts'] as const;

/** One listener for each address family, on free ports. */
export const FREE_PORTS = ['--listen', '127.0.0.1:0,[::1]:0,[::]:0'] as const;

/** Starts the server with these arguments; it is killed when the test ends. As a turbo task, the end of its stdin means stop. */
export function startServer(args: readonly string[], options?: ServerProcessOptions) {
  const server = launchServer(args, options);
  onTestFinished(async () => {
    server.kill('SIGKILL');
    await server;
  });
  return server;
}

interface ServerProcessOptions {
  readonly turboTask?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** For a server that several tests share: whoever launches it ends it. */
export function launchServer(
  args: readonly string[],
  { turboTask = false, env = {} }: ServerProcessOptions = {},
) {
  return execa('node', [...MAIN, ...args], {
    cwd: APP,
    // These tests may themselves run as a turbo task, which the server must not take for its own.
    env: { ...env, TURBO_HASH: turboTask ? 'test' : undefined },
    reject: false,
    stdin: 'pipe',
  });
}

export type ServerProcess = ReturnType<typeof launchServer>;

/**
 * The lines of a process's output, one after the other, from the first that was not taken yet.
 * To be made before anything is awaited: execa reads the output from the start, and what it has read is not seen here.
 */
export class Lines {
  readonly #lines: AsyncIterator<string>;

  constructor(stream: Readable) {
    this.#lines = createInterface(stream)[Symbol.asyncIterator]();
  }

  /** @throws (rejects) if the stream ends without one. */
  async next(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the output ended');
    return value;
  }
}

/** The addresses in `serving on …`. */
export function addressesIn(line: string): readonly string[] {
  return line.replace(/^serving on /, '').split(', ');
}

/** The addresses that the server says it serves on, once it says so. */
export async function servingAddresses(server: ServerProcess): Promise<readonly string[]> {
  const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
  return addressesIn(line);
}
