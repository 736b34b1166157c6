/** Child processes: programs of the repository, run from their sources, and any other command. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { Lines } from './lines.js';

/** What the start scripts, too, give to Node.js. */
export const FROM_SOURCES = ['--conditions=@petiole/source', '--import', 'tsx'] as const;

/** What the machine that runs the tests may have set, and no program of a test is to take for its own. */
export const FOREIGN = { TURBO_HASH: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined, CI: undefined };

/** The command that runs a program of the repository. */
export function node(file: string | URL, ...args: readonly string[]): readonly string[] {
  const path = typeof file === 'string' ? file : fileURLToPath(file);
  return [process.execPath, ...FROM_SOURCES, path, ...args];
}

export type App = 'echo-client' | 'echo-server';

/** The file that an app is for the tests of the package in `root`, while they run: bundled-apps.ts makes it of the sources. */
export function bundledApp(app: App, root: string = process.cwd()): string {
  return join(root, 'node_modules/.cache/petiole', `${app}.mjs`);
}

/** The command that runs an app. */
export function appCommand(app: App): readonly string[] {
  return [process.execPath, bundledApp(app)];
}

export interface LaunchOptions {
  readonly cwd?: string;
  /** Adds to ours. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** In a session and process group of its own, as a terminal's foreground job is. */
  readonly detached?: boolean;
}

/** Runs a command. Awaited, it is its end; `out` and `err` are the lines of its output. */
export function launch([file = '', ...args]: readonly string[], options: LaunchOptions = {}) {
  const { cwd = process.cwd(), env = {}, detached = false } = options;
  const child = execa(file, args, {
    cwd,
    env: { ...FOREIGN, ...env },
    detached,
    reject: false,
    stdin: 'pipe',
    all: true,
  });
  return Object.assign(child, { out: new Lines(child.stdout), err: new Lines(child.stderr) });
}

export type Program = ReturnType<typeof launch>;

/** The same until the test ends, which kills it. (Concurrent tests have hooks of their own: they launch.) */
export function start(...how: Parameters<typeof launch>): Program {
  const program = launch(...how);
  onTestFinished(async () => {
    program.kill('SIGKILL');
    await program;
  });
  return program;
}
