/** A script of the tests in a process of its own: the lines that it writes, and its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { atEnd } from './fleet.js';

const TESTS = fileURLToPath(new URL('..', import.meta.url));

export interface ScriptEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class ScriptProcess {
  readonly lines: string[] = [];
  /** Settles when the process is gone. */
  readonly ended: Promise<ScriptEnd>;
  readonly process: ChildProcess;
  private readonly observers: Set<() => void> = new Set();

  /** Starts `test/<name>.ts`; the test's end kills it if it still runs. */
  constructor(name: string, args: readonly string[] = [], environment: Record<string, string> = {}) {
    this.process = spawn(
      process.execPath,
      ['--conditions=@petiole/source', '--import', 'tsx', `${TESTS}${name}.ts`, ...args],
      { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...environment } },
    );
    this.ended = new Promise((resolve) => {
      this.process.once('close', (code, signal) => resolve({ code, signal }));
    });
    const { stdout } = this.process;
    if (stdout) {
      createInterface(stdout).on('line', (line) => {
        this.lines.push(line);
        for (const observer of this.observers) observer();
      });
    }
    atEnd(() => this.process.kill('SIGKILL'));
  }

  /** Waits for a line with that beginning; answers with the rest of it. */
  async lineWith(beginning: string, patienceMs = 15_000): Promise<string> {
    const find = () => this.lines.find((line) => line.startsWith(beginning));
    await this.until(() => find() !== undefined, patienceMs);
    const line = find();
    if (line === undefined) throw new Error(`no line "${beginning}…" among ${JSON.stringify(this.lines)}`);
    return line.slice(beginning.length).trim();
  }

  /** Waits until the condition on the lines holds, the process ends or the patience does. */
  until(condition: () => boolean, patienceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.observers.delete(observe);
        resolve();
      };
      const observe = () => {
        if (condition()) finish();
      };
      const timer = setTimeout(finish, patienceMs);
      this.observers.add(observe);
      void this.ended.then(finish);
      observe();
    });
  }
}
