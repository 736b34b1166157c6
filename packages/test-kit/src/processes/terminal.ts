/** A command in a pseudo-terminal, and its screen as a person sees it. */
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { Condition } from '../condition.js';
import { FOREIGN } from './program.js';

export interface TerminalOptions {
  readonly cwd?: string;
  readonly columns?: number;
  /** What a shell has written before, with `\r\n` at the end of each line. */
  readonly above?: string;
  /** Adds to ours. TERM is `xterm-256color` unless this says otherwise. */
  readonly env?: Readonly<Record<string, string>>;
}

const ROWS = 30;
const PATIENCE_MS = 40_000;

export class Terminal {
  /** Every byte that the command wrote. */
  output = '';
  /** Resolves when all output is on the screen; with 128 and the signal's number if one ended it. */
  readonly exitCode: Promise<number>;
  readonly #display: xterm.Terminal;
  readonly #process: ReturnType<typeof spawn>;
  readonly #news: Condition = new Condition();
  #ended = false;

  constructor([file = '', ...args]: readonly string[], options: TerminalOptions = {}) {
    const { cwd = process.cwd(), columns = 80, above = '', env = {} } = options;
    this.#display = new xterm.Terminal({ cols: columns, rows: ROWS, allowProposedApi: true });
    this.#display.write(above);
    const given = Object.entries({ ...process.env, ...FOREIGN, TERM: 'xterm-256color', ...env });
    this.#process = spawn(file, args, {
      cwd,
      cols: columns,
      rows: ROWS,
      env: Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== undefined)),
    });
    this.#process.onData((data) => {
      this.output += data;
      this.#display.write(data, () => this.#news.changed());
    });
    this.exitCode = new Promise((resolve) => {
      this.#process.onExit(({ exitCode, signal }) =>
        this.#display.write('', () => {
          this.#ended = true;
          this.#news.changed();
          resolve(signal ? 128 + signal : exitCode);
        }),
      );
    });
  }

  /** The visible lines, without the blanks at their ends, down to the last that is not empty. */
  get screen(): string {
    const { active } = this.#display.buffer;
    const rows = Array.from({ length: ROWS }, (_, row) =>
      (active.getLine(active.baseY + row)?.translateToString(true) ?? '').trimEnd(),
    );
    return rows.join('\n').trimEnd();
  }

  /** How many characters on the screen have another colour than the terminal's own, or are bold. */
  get coloredCells(): number {
    const { active } = this.#display.buffer;
    let cells = 0;
    for (let row = 0; row < ROWS; row++) {
      const line = active.getLine(active.baseY + row);
      for (let column = 0; column < this.#display.cols; column++) {
        const cell = line?.getCell(column);
        if (cell !== undefined && !(cell.isFgDefault() && cell.isBgDefault() && cell.isBold() === 0))
          cells += 1;
      }
    }
    return cells;
  }

  /** Resolves with the first screen that satisfies; rejects with the last one when the command ends, or after 40 s. */
  async until(satisfies: (screen: string) => boolean): Promise<string> {
    let good: string | undefined;
    const look = (): boolean => {
      const { screen } = this;
      if (this.#isWhole && satisfies(screen)) good = screen;
      return good !== undefined || this.#ended;
    };
    const vain = (): string => `it did not come; the screen is\n${this.screen}`;
    await this.#news.until(look, PATIENCE_MS, vain);
    if (good === undefined) throw new Error(vain());
    return good;
  }

  /** A frame may come in pieces; it is whole between the marks of synchronized output. */
  get #isWhole(): boolean {
    return this.output.lastIndexOf('\x1b[?2026l') >= this.output.lastIndexOf('\x1b[?2026h');
  }

  press(keys: string): void {
    this.#process.write(keys);
  }

  resize(columns: number): void {
    this.#display.resize(columns, ROWS);
    this.#process.resize(columns, ROWS);
  }

  kill(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): void {
    if (!this.#ended) this.#process.kill(signal);
  }
}
