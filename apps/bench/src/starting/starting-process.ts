/** Processes that start, import and may send one RPC: what that takes them. */
import { fileURLToPath } from 'node:url';
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { execa } from 'execa';
import { median } from '../report/statistics.js';

/** The application's folder: packages are found as it would find them. */
export const APP: string = fileURLToPath(new URL('../..', import.meta.url));
export const GRPC = '@grpc/grpc-js';

export interface Task {
  /** The binary of Node.js; absent: this process's. */
  readonly node?: string;
  /** Names of packages or URLs of files, in this order; the first is grpc-js. */
  readonly imports: readonly string[];
  readonly target?: string;
  readonly policy?: LoadBalancingConfig;
}

export interface Result {
  /** Milliseconds that each took. */
  readonly imports: readonly number[];
  readonly firstRpcMs?: number;
}

async function run({ node = process.execPath, ...task }: Task, quick: boolean): Promise<Result> {
  const script = fileURLToPath(new URL('cold-start-process.js', import.meta.url));
  // Quick runs need no build.
  const options = quick ? ['--conditions=@petiole/source', '--import', 'tsx'] : [];
  const { stdout } = await execa(node, [...options, script, JSON.stringify(task)], {
    cwd: APP,
    timeout: 20_000,
  });
  // Written by the script, whose last line it is.
  return JSON.parse(stdout) as Result;
}

/** Each task so many times, in turns. */
export async function inRounds(tasks: readonly Task[], rounds: number, quick: boolean): Promise<Result[][]> {
  const results = tasks.map((): Result[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, task] of tasks.entries()) results[index]?.push(await run(task, quick));
  }
  return results;
}

export function middle(results: readonly Result[], of: (result: Result) => number | undefined): number {
  return median(results.map((result) => of(result) ?? Number.NaN));
}
