/** The client as a process, on pipes and in a pseudo-terminal whose screen is kept as a person would see it. */
import { fileURLToPath } from 'node:url';
import { spawn as spawnInTerminal } from '@lydell/node-pty';
import headless from '@xterm/headless';
import { execa } from 'execa';

const APP = fileURLToPath(new URL('..', import.meta.url));
const NODE = ['node', '--conditions=@petiole/source', '--import', 'tsx', 'src/main.ts'] as const;
/** What the machine that runs the tests may have set, and a test must not inherit. */
const FOREIGN = { TURBO_HASH: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined, CI: undefined };

/** On pipes. */
export function client(args: readonly string[], environment: Record<string, string> = {}) {
  const [program, ...prefix] = NODE;
  return execa(program, [...prefix, ...args], {
    cwd: APP,
    env: { ...FOREIGN, ...environment },
    reject: false,
    stdin: 'ignore',
  });
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** What a shell has written before, with `\r\n` at the end of each line. */
  readonly above?: string;
  readonly environment?: Record<string, string>;
  /** What runs the client with these arguments; default: Node.js. */
  readonly command?: readonly string[];
}

export class TerminalClient {
  /** Every byte that the client wrote. */
  output = '';
  readonly exitCode: Promise<number>;
  readonly #terminal: headless.Terminal;
  readonly #process: ReturnType<typeof spawnInTerminal>;
  readonly #waiting = new Set<() => void>();

  constructor(
    args: readonly string[],
    { columns = 80, rows = 30, above = '', environment = {}, command = NODE }: TerminalOptions = {},
  ) {
    const [program = '', ...prefix] = command;
    this.#terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true });
    this.#terminal.write(above);
    const env = Object.fromEntries(
      Object.entries({ ...process.env, ...FOREIGN, TERM: 'xterm-256color', ...environment }).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      ),
    );
    this.#process = spawnInTerminal(program, [...prefix, ...args], {
      cwd: APP,
      cols: columns,
      rows,
      env,
    });
    this.#process.onData((data) => {
      this.output += data;
      // A frame may come in pieces; it is whole between the marks of synchronized output.
      const whole = this.output.lastIndexOf('\x1b[?2026l') >= this.output.lastIndexOf('\x1b[?2026h');
      this.#terminal.write(data, () => {
        if (whole) for (const check of this.#waiting) check();
      });
    });
    this.exitCode = new Promise((resolve) => {
      this.#process.onExit(({ exitCode, signal }) => resolve(signal ? 128 + signal : exitCode));
    });
  }

  /** The visible rows, without the blanks at their ends. */
  get screen(): string {
    const { active } = this.#terminal.buffer;
    const rows = Array.from({ length: this.#terminal.rows }, (_, row) =>
      (active.getLine(active.baseY + row)?.translateToString(true) ?? '').trimEnd(),
    );
    return rows.join('\n').trimEnd();
  }

  /** How many characters on the screen have another colour than the terminal's own, or are bold. */
  get coloredCells(): number {
    const { active } = this.#terminal.buffer;
    let cells = 0;
    for (let row = 0; row < this.#terminal.rows; row++) {
      const line = active.getLine(active.baseY + row);
      for (let column = 0; column < this.#terminal.cols; column++) {
        const cell = line?.getCell(column);
        if (cell !== undefined && !(cell.isFgDefault() && cell.isBgDefault() && cell.isBold() === 0))
          cells += 1;
      }
    }
    return cells;
  }

  /** Resolves with the first screen that satisfies; rejects with the last one if the process ends before. */
  until(satisfies: (screen: string) => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const { screen } = this;
        if (!satisfies(screen)) return;
        this.#waiting.delete(check);
        resolve(screen);
      };
      this.#waiting.add(check);
      void this.exitCode.then(() =>
        // What it wrote last is on its way to the screen.
        this.#terminal.write('', () => {
          check();
          reject(new Error(`the client ended; its last screen:\n${this.screen}`));
        }),
      );
      check();
    });
  }

  press(keys: string): void {
    this.#process.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
    this.#process.resize(columns, rows);
  }

  terminate(): void {
    this.#process.kill('SIGTERM');
  }

  kill(): void {
    try {
      this.#process.kill('SIGKILL');
    } catch {
      // It has ended already.
    }
  }
}
