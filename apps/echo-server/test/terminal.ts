/** The real echo-server in a pseudo-terminal, and its screen as a person sees it. */
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { onTestFinished } from 'vitest';
import { APP, MAIN } from './server-process.js';

export interface TerminalOptions {
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Terminal {
  readonly pid: number;
  /** Types these characters. */
  type(keys: string): void;
  resize(columns: number): void;
  /** The lines on the screen down to the last that is not empty. */
  screen(): readonly string[];
  /** Everything that was written, escape sequences and all. */
  written(): string;
  /** Resolves with the screen once it satisfies; rejects with the screen after 40 seconds, or when the process ends. */
  until(satisfies: (screen: readonly string[]) => boolean): Promise<readonly string[]>;
  /** Resolves with the exit code, when all output is on the screen. */
  readonly exited: Promise<number>;
}

const PATIENCE_MS = 40_000;

/** Starts the server; it is killed when the test ends. */
export function startInTerminal(
  args: readonly string[],
  { columns = 80, env = {} }: TerminalOptions = {},
): Terminal {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !['TURBO_HASH', 'NO_COLOR', 'FORCE_COLOR', 'CI'].includes(entry[0]),
  );
  const child = spawn('node', [...MAIN, ...args], {
    cwd: APP,
    cols: columns,
    rows: 24,
    // It becomes TERM, whatever the environment says.
    name: env.TERM ?? 'xterm-256color',
    env: { ...Object.fromEntries(inherited), ...env },
  });
  const display = new xterm.Terminal({ cols: columns, rows: 24, allowProposedApi: true });
  let output = '';
  child.onData((data) => {
    output += data;
    display.write(data);
  });
  const exited = new Promise<number>((resolve) => {
    child.onExit(({ exitCode }) => display.write('', () => resolve(exitCode)));
  });
  let running = true;
  void exited.then(() => {
    running = false;
  });
  onTestFinished(async () => {
    if (running) child.kill('SIGKILL');
    await exited;
    display.dispose();
  });

  const screen = (): readonly string[] => {
    const { active } = display.buffer;
    const lines = Array.from(
      { length: active.length },
      (_, row) => active.getLine(row)?.translateToString(true) ?? '',
    );
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  };

  return {
    pid: child.pid,
    type: (keys) => child.write(keys),
    resize(to) {
      display.resize(to, 24);
      child.resize(to, 24);
    },
    screen,
    written: () => output,
    exited,
    until: (satisfies) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          // A frame may come in pieces; it is whole between the marks of synchronized output.
          if (output.lastIndexOf('\u001B[?2026l') < output.lastIndexOf('\u001B[?2026h')) return;
          if (!satisfies(screen())) return;
          stop();
          resolve(screen());
        };
        const fail = (why: string): void => {
          stop();
          reject(new Error(`${why}; the screen is\n${screen().join('\n')}`));
        };
        const watching = display.onWriteParsed(look);
        const timer = setTimeout(() => fail('it did not come'), PATIENCE_MS);
        const stop = (): void => {
          clearTimeout(timer);
          watching.dispose();
        };
        void exited.then(() => (satisfies(screen()) ? look() : fail('the process ended')));
        look();
      }),
  };
}
