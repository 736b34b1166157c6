/** One pod of a Service of 5,000 changes: what that costs a client, from the bytes of the event until the policy has taken the list. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { Child, withChildren } from '../load/child.js';
import { figure, type Report, tableOf } from '../report/report.js';
import { median } from '../report/statistics.js';
import type { ApiServerHandlers, Change } from './api-server-process.js';
import type { ChangeCost, KubernetesHandlers } from './kubernetes-process.js';

/** After each of them, all pods are ready. */
const KINDS: readonly { readonly kind: string; readonly changes: readonly Change[] }[] = [
  { kind: 'is replaced by another', changes: ['replaced'] },
  { kind: 'is not ready, and ready again', changes: ['not ready', 'ready'] },
];
const OURS: LoadBalancingConfig = { least_request: {} };
const POLICIES: readonly LoadBalancingConfig[] = [OURS, { round_robin: {} }];

const FULL = { pods: 5000, warmUps: 60, rounds: 60 };
const QUICK = { pods: 300, warmUps: 2, rounds: 10 };
/** The client rests before a change: for longer than it says, so that it has read its clocks. */
const REST_MS = 60;
const LIMIT_MS = 5;

interface Measured {
  readonly policy: LoadBalancingConfig;
  readonly kind: string;
  readonly costs: readonly ChangeCost[];
}

async function measurePolicy(
  policy: LoadBalancingConfig,
  { pods, warmUps, rounds }: typeof FULL,
  packages: 'source' | 'dist',
): Promise<Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'petiole-bench-'));
  try {
    return await withChildren(async (keep) => {
      const server = keep(
        await Child.start<ApiServerHandlers>('kubernetes/api-server-process.ts', { packages }),
      );
      const client = keep(
        await Child.start<KubernetesHandlers>('kubernetes/kubernetes-process.ts', { packages }),
      );
      const kubeconfig = join(folder, 'config');
      writeFileSync(kubeconfig, await server.ask('listen', pods));
      await client.ask('open', { policy, kubeconfig, pods });
      const all = KINDS.map(({ kind }): Measured & { costs: ChangeCost[] } => ({ policy, kind, costs: [] }));
      for (let round = 0; round < warmUps + rounds; round++) {
        for (const [index, { changes }] of KINDS.entries()) {
          for (const what of changes) {
            const cost = client.ask('nextChange', undefined);
            await sleep(REST_MS);
            // 7 has no factor in common with the numbers of slices and of pods.
            await server.ask('change', { what, number: 7 * round });
            const measured = await cost;
            if (round >= warmUps && measured !== undefined) all[index]?.costs.push(measured);
          }
        }
      }
      return all;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const middle = ({ costs }: Measured, of: (cost: ChangeCost) => number): number => median(costs.map(of));
const most = ({ costs }: Measured): number => Math.max(...costs.map(({ made }) => made));

export async function kubernetes(quick: boolean): Promise<Report> {
  const plan = quick ? QUICK : FULL;
  const all: Measured[] = [];
  for (const policy of POLICIES) all.push(...(await measurePolicy(policy, plan, quick ? 'source' : 'dist')));
  const rows = all.map((measured) => {
    const ms = (of: (cost: ChangeCost) => number): string => figure(middle(measured, of), 'ms');
    return {
      policy: Object.keys(measured.policy)[0] ?? '',
      'a pod': measured.kind,
      changes: String(measured.costs.length),
      'event loop': ms(({ takenMs }) => takenMs),
      'of it the resolver': ms(({ takenMs, policyMs }) => takenMs - policyMs),
      'of it the policy': ms(({ policyMs }) => policyMs),
      'CPU, with what follows': ms(({ cpuMs }) => cpuMs),
      'children made, at most': String(most(measured)),
    };
  });
  const ours = all.filter(({ policy }) => policy === OURS);
  const worst = Math.max(...ours.map((measured) => middle(measured, ({ takenMs }) => takenMs)));
  const made = Math.max(...ours.map(most));
  return {
    tables: [tableOf(`One of ${plan.pods} pods changes, in slices of 100`, rows)],
    verdicts: [
      {
        target: `one of ${plan.pods} pods that changes costs less than ${LIMIT_MS} ms of the event loop (least_request)`,
        measured: figure(worst, 'ms'),
        met: worst < LIMIT_MS,
      },
      { target: 'and touches one child', measured: `${made} made`, met: made === 1 },
    ],
    notes: [
      `Medians, after ${plan.warmUps} rounds that warm up. The event loop's time is all in which it does not wait, from the bytes of the event to the end of the policy's \`updateAddressList\`. TLS, HTTP and JSON are in it, the slice, the list of all pods, and the channel. CPU is the process's until all is over: the new endpoint is READY, and pickers are published. Resolver and channel are real, and the subchannels simulated: READY one tick after they are asked for. That spares round_robin its connections as well.`,
    ],
  };
}
