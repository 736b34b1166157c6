/**
 * A process of the benchmark's own: a script of `src/` that answers named requests over IPC. Every request has a
 * time limit, and a child ends with its parent.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type Handlers = Record<string, (argument: never) => unknown>;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

type Response = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

/** Where the packages are read from: `dist`, as they are published, or `source`, which needs no build. */
export type Packages = 'dist' | 'source';

export interface ChildOptions {
  readonly packages: Packages;
  /** Further options of Node.js, such as `--expose-gc`. */
  readonly nodeOptions?: readonly string[];
}

/** The parent's side. `import type` the handlers of the script: `Child.start<typeof handlers>('load/server-process.ts', …)`. */
export class Child<H extends Handlers> {
  private readonly process: ChildProcess;
  private readonly waiting: Map<number, (response: Response) => void> = new Map();
  private nextId = 0;

  private constructor(process: ChildProcess) {
    this.process = process;
    process.on('message', (response: Response) => this.waiting.get(response.id)?.(response));
    process.on('exit', (code, signal) => {
      for (const [id, answer] of this.waiting) answer({ id, error: `the process ended: ${signal ?? code}` });
    });
  }

  static async start<H extends Handlers>(
    script: string,
    { packages, nodeOptions = [] }: ChildOptions,
  ): Promise<Child<H>> {
    const condition = packages === 'source' ? ['--conditions=@petiole/source'] : [];
    const forked = fork(fileURLToPath(new URL(`../${script}`, import.meta.url)), [], {
      // A fleet of 2,000 that is slow to connect is no news here, and what goes wrong fails RPCs.
      env: { GRPC_VERBOSITY: 'NONE', ...process.env },
      execArgv: [...condition, '--import', 'tsx', ...nodeOptions],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const child = new Child<H>(forked);
    await child.settle(-1, `${script} to start`, 30_000);
    return child;
  }

  /** Rejects with what the handler threw, when the process ends, and after `limitMs`. */
  async ask<K extends keyof H & string>(
    name: K,
    argument: Parameters<H[K]>[0],
    limitMs = 90_000,
  ): Promise<Awaited<ReturnType<H[K]>>> {
    const id = this.nextId++;
    const settled = this.settle(id, name, limitMs);
    this.process.send({ id, name, argument } satisfies Request);
    // The handlers' types are those of the script that answers.
    return (await settled) as Awaited<ReturnType<H[K]>>;
  }

  /** Kills the process without a word to it. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await gone;
  }

  private settle(id: number, what: string, limitMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.waiting.get(id)?.({ id, error: `no answer within ${limitMs} ms` }),
        limitMs,
      );
      this.waiting.set(id, (response) => {
        clearTimeout(timer);
        this.waiting.delete(id);
        if ('error' in response) reject(new Error(`${what}: ${response.error}`));
        else resolve(response.result);
      });
    });
  }
}

/** Runs `body` with children that are gone when it has ended, however it ends. */
export async function withChildren<T>(
  body: (keep: <C extends { kill(): Promise<void> }>(child: C) => C) => Promise<T>,
): Promise<T> {
  const children: { kill(): Promise<void> }[] = [];
  try {
    return await body((child) => {
      children.push(child);
      return child;
    });
  } finally {
    await Promise.all(children.map((child) => child.kill()));
  }
}

/** The child's side: answers until the parent is gone. */
export function answer(handlers: Handlers): void {
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ id, name, argument }: Request) => {
    try {
      // The parent's `ask` has the types of these handlers.
      const handler = handlers[name] as ((argument: unknown) => unknown) | undefined;
      const result = await handler?.(argument);
      process.send?.({ id, result } satisfies Response);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.send?.({ id, error: text } satisfies Response);
    }
  });
  process.send?.({ id: -1, result: undefined } satisfies Response);
}

/** Milliseconds on a clock that all processes of the machine share. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** CPU milliseconds that this process has used, so that other processes of a noisy machine do not count. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
