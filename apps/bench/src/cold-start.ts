/** What the packages cost a process that starts: import time, installed size, and time to its first RPC. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { execaNode } from 'execa';
import { Child, withChildren } from './child.js';
import { installedSize, packageFolder } from './installed-size.js';
import { figure, type Report } from './report.js';
import type { ServerHandlers } from './server-process.js';
import { median } from './statistics.js';

const APP = fileURLToPath(new URL('..', import.meta.url));
const GRPC = '@grpc/grpc-js';
const PACKAGES = ['@petiole/balancer', '@petiole/resolver', '@petiole/echo-proto'];

const FULL = { rounds: 11 };
const QUICK = { rounds: 1 };

interface Task {
  /** In this order; the first is grpc-js. */
  readonly imports: readonly string[];
  readonly target?: string;
  readonly policy?: LoadBalancingConfig;
}

interface Result {
  readonly imports: readonly { readonly ms: number; readonly cpuMs: number }[];
  readonly firstRpcMs?: number;
}

async function run(task: Task, quick: boolean): Promise<Result> {
  const script = fileURLToPath(new URL('cold-start-process.js', import.meta.url));
  const { stdout } = await execaNode(script, [JSON.stringify(task)], {
    cwd: APP,
    // Quick runs need no build.
    nodeOptions: quick ? ['--conditions=@petiole/source', '--import', 'tsx'] : [],
    timeout: 20_000,
  });
  // Written by the script, whose last line it is.
  return JSON.parse(stdout) as Result;
}

/** Each task so many times, in turns. */
async function inRounds(tasks: readonly Task[], rounds: number, quick: boolean): Promise<Result[][]> {
  const results = tasks.map((): Result[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, task] of tasks.entries()) results[index]?.push(await run(task, quick));
  }
  return results;
}

const kib = (bytes: number): string => figure(bytes / 1024, 'KiB');
const middle = (results: readonly Result[], of: (result: Result) => number | undefined): number =>
  median(results.map((result) => of(result) ?? Number.NaN));

async function packageRows(rounds: number, quick: boolean): Promise<string[][]> {
  const tasks: Task[] = [{ imports: [GRPC] }, ...PACKAGES.map((name) => ({ imports: [GRPC, name] }))];
  const results = await inRounds(tasks, rounds, quick);
  return [GRPC, ...PACKAGES].map((name, index) => {
    const folder = packageFolder(name, APP);
    if (!quick && name !== GRPC && !existsSync(join(folder, 'dist'))) {
      throw new Error(`${name} is not built: run pnpm bench in the root of the repository`);
    }
    const size = installedSize(folder);
    const all = results[index] ?? [];
    return [
      index === 0 ? name : `${name}, after grpc-js`,
      figure(
        middle(all, (result) => result.imports.at(-1)?.ms),
        'ms',
      ),
      figure(
        middle(all, (result) => result.imports.at(-1)?.cpuMs),
        'ms',
      ),
      kib(size.bytes),
      size.dependencies === 0 ? 'none' : `${size.dependencies}: ${kib(size.dependencyBytes)}`,
    ];
  });
}

async function firstRpcRows(rounds: number, quick: boolean): Promise<string[][]> {
  return withChildren(async (keep) => {
    const packages = quick ? 'source' : 'dist';
    const server = keep(await Child.start<ServerHandlers>('server-process.ts', { packages }));
    const ports = await server.ask('listen', { host: '127.0.0.1', ports: [0, 0, 0] });
    const all = ports.map((port) => `127.0.0.1:${port}`).join(',');
    const ours: LoadBalancingConfig = { custom_round_robin: {} };
    const balancer = '@petiole/balancer/register';
    const cases: { readonly name: string; readonly task: Task }[] = [
      {
        name: 'grpc-js: pick_first, 1 server',
        task: { imports: [GRPC], target: `ipv4:127.0.0.1:${ports[0]}`, policy: { pick_first: {} } },
      },
      {
        name: 'custom_round_robin, 1 server',
        task: { imports: [GRPC, balancer], target: `ipv4:127.0.0.1:${ports[0]}`, policy: ours },
      },
      {
        name: 'grpc-js: round_robin, 3 servers',
        task: { imports: [GRPC], target: `ipv4:${all}`, policy: { round_robin: {} } },
      },
      {
        name: 'custom_round_robin, 3 servers',
        task: { imports: [GRPC, balancer], target: `ipv4:${all}`, policy: ours },
      },
      {
        name: 'custom_round_robin, 3 servers, `static:`',
        task: {
          imports: [GRPC, balancer, '@petiole/resolver/register'],
          target: `static:${all}`,
          policy: ours,
        },
      },
    ];
    const results = await inRounds(
      cases.map(({ task }) => task),
      rounds,
      quick,
    );
    return cases.map(({ name }, index) => {
      const imports = (result: Result): number => result.imports.reduce((sum, { ms }) => sum + ms, 0);
      return [
        name,
        figure(middle(results[index] ?? [], imports), 'ms'),
        figure(
          middle(results[index] ?? [], (result) => (result.firstRpcMs ?? Number.NaN) - imports(result)),
          'ms',
        ),
        figure(
          middle(results[index] ?? [], ({ firstRpcMs }) => firstRpcMs),
          'ms',
        ),
      ];
    });
  });
}

export async function coldStart(quick: boolean): Promise<Report> {
  const { rounds } = quick ? QUICK : FULL;
  return {
    tables: [
      {
        title: 'Import time and installed size',
        columns: ['package', 'import', 'CPU for it', 'installed', 'dependencies'],
        rows: await packageRows(rounds, quick),
      },
      {
        title: 'A process that starts, to the answer of its first RPC',
        columns: ['policy', 'imports', 'then to the first answer', 'together'],
        rows: await firstRpcRows(rounds, quick),
      },
    ],
    verdicts: [],
    notes: [
      `Medians of ${rounds} processes in turns. grpc-js is a peer dependency of every package and counts for none. custom_round_robin waits for all its servers, round_robin for the first.`,
    ],
  };
}
