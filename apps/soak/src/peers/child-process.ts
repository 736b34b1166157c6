/**
 * The soak's child processes: a script of this folder, its lines, its end. Each
 * ends with the soak, however that ends: by its stdin, or by the guard's hand.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How long a child may take to say what it is waited for: processes start slowly on a busy machine. */
const PATIENCE_MS = 30_000;

const children = new Set<ScriptProcess>();
let guard: ChildProcess | undefined;

function start(script: string, args: readonly string[]): ChildProcess {
  const file = fileURLToPath(new URL(`${script}.ts`, import.meta.url));
  return spawn(process.execPath, ['--conditions=@petiole/source', '--import', 'tsx', file, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

function tellGuard(line: string): void {
  if (guard === undefined) {
    guard = start('guard-process', []);
    guard.stdin?.on('error', () => {});
  }
  guard.stdin?.write(`${line}\n`);
}

export class ScriptProcess {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #observers: ((line: string | undefined) => void)[] = [];

  constructor(script: string, args: readonly string[]) {
    this.#child = start(script, args);
    const { pid, stdin, stdout } = this.#child;
    tellGuard(`started ${pid}`);
    children.add(this);
    // Writing to a child that has just been killed is no error here.
    stdin?.on('error', () => {});
    if (stdout) createInterface({ input: stdout }).on('line', (line) => this.#tell(line));
    this.#gone = once(this.#child, 'exit').then(() => {
      children.delete(this);
      tellGuard(`ended ${pid}`);
      this.#tell(undefined);
    });
  }

  /** Waits for a line with that beginning, and answers with the rest of it. */
  lineWith(beginning: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const finish = (end: () => void) => {
        clearTimeout(timer);
        this.#observers = this.#observers.filter((other) => other !== observe);
        end();
      };
      const observe = (line: string | undefined) => {
        if (line === undefined)
          finish(() => reject(new Error(`a child ended before it said "${beginning}"`)));
        else if (line.startsWith(beginning)) finish(() => resolve(line.slice(beginning.length).trim()));
      };
      const timer = setTimeout(
        () => finish(() => reject(new Error(`a child never said "${beginning}" in ${PATIENCE_MS} ms`))),
        PATIENCE_MS,
      );
      this.#observers.push(observe);
    });
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** SIGKILL, SIGSTOP or SIGCONT. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name);
  }

  /** Waits until the process has ended. */
  async ended(): Promise<void> {
    await this.#gone;
  }

  #tell(line: string | undefined): void {
    for (const observe of [...this.#observers]) observe(line);
  }
}

/** Kills every child that is left, the guard last. */
export async function endAllChildren(): Promise<void> {
  const left = [...children];
  for (const child of left) child.signal('SIGKILL');
  await Promise.all(left.map((child) => child.ended()));
  if (guard === undefined) return;
  const gone = once(guard, 'exit');
  guard.stdin?.end();
  await gone;
  guard = undefined;
}
