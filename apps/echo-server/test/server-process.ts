/** The real echo-server as a child process. */
import { fileURLToPath } from 'node:url';
import { appCommand, launch, type Program, start } from '@petiole/test-kit/processes/program';

export const APP: string = fileURLToPath(new URL('..', import.meta.url));

/** The app that the package's `start` script runs, in one file. */
export const SERVER: readonly string[] = appCommand('echo-server');

/** One listener for each address family, on free ports. */
export const FREE_PORTS = ['--listen', '127.0.0.1:0,[::1]:0,[::]:0'] as const;

type Environment = Readonly<Record<string, string>>;

/** Starts the server with these arguments; it is killed when the test ends. */
export function startServer(args: readonly string[], env: Environment = {}): Program {
  return start([...SERVER, ...args], { cwd: APP, env });
}

/** For a server that several tests share: whoever launches it ends it. */
export function launchServer(args: readonly string[]): Program {
  return launch([...SERVER, ...args], { cwd: APP });
}

/** The addresses in `serving on …`. */
export function addressesIn(line: string): readonly string[] {
  return line.replace(/^serving on /, '').split(', ');
}

/** The addresses that the server says it serves on, once it says so. */
export async function servingAddresses(server: Program): Promise<readonly string[]> {
  return addressesIn(await server.out.line(/^serving on /));
}
