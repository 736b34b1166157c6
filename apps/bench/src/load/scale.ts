/**
 * 10 to 2,000 endpoints on real sockets: addresses 127.x.y.z of one server process. Time and CPU until all are READY,
 * what an unchanged re-resolution costs, and memory. Each measurement has a client process of its own.
 */
import { execFileSync } from 'node:child_process';
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import type { Curve } from '../report/chart.js';
import { figure, type Report, ratio, type Verdict } from '../report/report.js';
import { median } from '../report/statistics.js';
import { Child, withChildren } from './child.js';
import type { ScaleHandlers, ScaleResult } from './scale-process.js';
import type { ServerHandlers } from './server-process.js';
import { inTurns } from './throughput.js';

const POLICIES: readonly LoadBalancingConfig[] = [
  { round_robin: {} },
  { custom_round_robin: { repeatCount: 1 } },
];
/** The kernel's queue of one listener is short: 2,000 connections at once need several. */
const LISTENERS = 8;
/** Open files that a process needs besides its connections. */
const SPARE_FILES = 100;

const FULL = { sizes: [10, 100, 1000, 2000], rounds: 5, resolutions: 15 };
const QUICK = { sizes: [10, 50], rounds: 1, resolutions: 3 };

/** `127.1.0.0`, `127.1.0.1`, …: every 127.x.y.z is this machine. Bounded to 2^16 addresses, away from 127.0.0.1. */
export function loopbackAddress(index: number): string {
  if (!Number.isInteger(index) || index < 0 || index > 65_535) {
    throw new RangeError(`loopback address number must be an integer from 0 to 65535, got ${index}`);
  }
  return `127.1.${index >> 8}.${index & 255}`;
}

/** How many files a process of ours may open; Node.js raises its soft limit to the hard one by itself. */
function fileLimit(): number {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

interface Measured {
  readonly policy: string;
  readonly size: number;
  readonly results: readonly ScaleResult[];
}

async function measureSize(size: number, plan: typeof FULL, quick: boolean): Promise<Measured[]> {
  const packages = quick ? 'source' : 'dist';
  const results = POLICIES.map((): ScaleResult[] => []);
  for (let round = 0; round < plan.rounds; round++) {
    for (const index of inTurns(round, [...POLICIES.keys()])) {
      // The server is new as well: it would remember the connections of the client before.
      const result = await withChildren(async (keep) => {
        const server = keep(await Child.start<ServerHandlers>('load/server-process.ts', { packages }));
        const ports = await server.ask('listen', {
          host: '0.0.0.0',
          ports: Array.from({ length: LISTENERS }, () => 0),
        });
        const client = keep(
          await Child.start<ScaleHandlers>('load/scale-process.ts', {
            packages,
            nodeOptions: ['--expose-gc'],
          }),
        );
        const endpoints = Array.from(
          { length: size },
          (_, number) => `${loopbackAddress(number)}:${ports[number % ports.length]}`,
        );
        const policy = POLICIES[index] ?? {};
        return client.ask('measure', { policy, endpoints, resolutions: plan.resolutions }, 60_000);
      });
      results[index]?.push(result);
    }
  }
  return POLICIES.map((policy, index) => ({
    policy: Object.keys(policy)[0] ?? '',
    size,
    results: results[index] ?? [],
  }));
}

const middle = ({ results }: Measured, of: (result: ScaleResult) => number): number =>
  median(results.map(of));
const stall = (measured: Measured): number => middle(measured, ({ stallMs }) => median(stallMs));
const heap = (measured: Measured): number => middle(measured, ({ heapBytes }) => heapBytes / measured.size);

function row(measured: Measured): string[] {
  return [
    measured.policy,
    String(measured.size),
    figure(
      middle(measured, ({ readyMs }) => readyMs),
      'ms',
    ),
    figure(
      middle(measured, ({ readyCpuMs }) => readyCpuMs),
      'ms',
    ),
    figure(stall(measured), 'ms'),
    figure(
      middle(measured, ({ resolutionCpuMs }) => median(resolutionCpuMs)),
      'ms',
    ),
    figure(heap(measured) / 1024, 'KiB'),
    figure(middle(measured, ({ rssBytes }) => rssBytes / measured.size) / 1024, 'KiB'),
  ];
}

function verdicts(all: readonly Measured[]): Verdict[] {
  const [theirs, ours] = all.slice(-2);
  if (theirs === undefined || ours === undefined) return [];
  const times = stall(theirs) / stall(ours);
  const memory = heap(ours) / heap(theirs);
  return [
    {
      target: `an unchanged re-resolution of ${ours.size} endpoints stalls at least 50 times less than round_robin's`,
      measured: `${figure(times)} times less`,
      met: times >= 50,
    },
    {
      target: `memory per endpoint at ${ours.size}: no more than round_robin`,
      measured: `${ratio(memory)} of it (heap and buffers)`,
      met: memory <= 1,
    },
  ];
}

function curves(all: readonly Measured[]): Curve[] {
  const curve = (policy: string, what: string, of: (measured: Measured) => number): Curve => ({
    name: `${policy}: ${what}`,
    points: all.filter((measured) => measured.policy === policy).map((m) => ({ x: m.size, y: of(m) })),
  });
  const names = [...new Set(all.map(({ policy }) => policy))];
  return names.flatMap((name) => [
    curve(name, 'CPU to all READY', (measured) => middle(measured, ({ readyCpuMs }) => readyCpuMs)),
    curve(name, 'unchanged re-resolution', stall),
  ]);
}

export interface ScaleReport extends Report {
  readonly curves: readonly Curve[];
}

export async function scale(quick: boolean): Promise<ScaleReport> {
  const plan = quick ? QUICK : FULL;
  const limit = fileLimit();
  const fitting = plan.sizes.filter((size) => size + SPARE_FILES <= limit);
  const all: Measured[] = [];
  for (const size of fitting) all.push(...(await measureSize(size, plan, quick)));
  const left = plan.sizes.filter((size) => !fitting.includes(size));
  return {
    tables: [
      {
        title: 'Many endpoints',
        columns: [
          'policy',
          'endpoints',
          'all READY',
          'CPU for it',
          'unchanged re-resolution: stall',
          'CPU for it',
          'memory per endpoint',
          'the process grew by',
        ],
        rows: all.map(row),
      },
    ],
    verdicts: verdicts(all),
    notes: [
      `Medians of ${plan.rounds} processes for each policy and size, ${plan.resolutions} re-resolutions in each. The stall is the longest turn of the event loop after the resolver's update; memory is heap and buffers per endpoint after garbage collection, its connection included.`,
      'An endpoint of ours keeps an object of its own and its pick result, 176 bytes, where round_robin keeps an entry of 40. That lets an update leave the other endpoints alone, and a pick allocate nothing.',
      ...(left.length > 0 ? [`Left out, as \`ulimit -n\` is ${limit}: ${left.join(', ')} endpoints.`] : []),
    ],
    curves: curves(all),
  };
}
