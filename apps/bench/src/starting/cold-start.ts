/** What the policies cost a process that starts, to the answer of its first RPC. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { Child, withChildren } from '../load/child.js';
import type { ServerHandlers } from '../load/server-process.js';
import { figure, type Report } from '../report/report.js';
import { GRPC, inRounds, middle, type Result, type Task } from './starting-process.js';

const FULL = { rounds: 11 };
const QUICK = { rounds: 1 };

async function firstRpcRows(rounds: number, quick: boolean): Promise<string[][]> {
  return withChildren(async (keep) => {
    const packages = quick ? 'source' : 'dist';
    const server = keep(await Child.start<ServerHandlers>('load/server-process.ts', { packages }));
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
      const imports = (result: Result): number => result.imports.reduce((sum, ms) => sum + ms, 0);
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
        title: 'A process that starts, to the answer of its first RPC',
        columns: ['policy', 'imports', 'then to the first answer', 'together'],
        rows: await firstRpcRows(rounds, quick),
      },
    ],
    verdicts: [],
    notes: [
      `Medians of ${rounds} processes in turns. custom_round_robin waits for all its servers, round_robin for the first.`,
    ],
  };
}
