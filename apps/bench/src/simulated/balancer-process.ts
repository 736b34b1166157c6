/**
 * What the machinery costs over simulated subchannels, beside grpc-js's own round_robin in the same run. What counts are
 * ratios of CPU time; the times themselves are one machine's. Prints a report as JSON.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type experimental, type LoadBalancingConfig, connectivityState as State } from '@grpc/grpc-js';
import { customRoundRobin } from '@petiole/balancer';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { Bench } from 'tinybench';
import { type Report, type Row, tableOf, type Verdict } from '../report/report.js';
import { BareLeaves } from './bare-leaves.js';
import type { PickCost } from './pick-process.js';

const { CONNECTING, IDLE, READY } = State;
const ROUND_ROBIN: LoadBalancingConfig = { round_robin: {} };
const OURS: LoadBalancingConfig = customRoundRobin({ repeatCount: 3 });

customRoundRobin.register();

/** For both sides of a comparison alike. */
const WARM_UPS = 5;
const CONNECT_ROUNDS = 5;

/** CPU milliseconds of this process: other processes of a noisy machine do not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The median CPU time of one call, in ms, after a few that warm up. `rounds` bounds the run. */
async function median(
  rounds: number,
  {
    before = () => {},
    run,
    after = () => {},
  }: { before?: () => void; run: () => void | Promise<void>; after?: () => void | Promise<void> },
): Promise<number> {
  const bench = new Bench({
    now: cpuMs,
    time: 0,
    iterations: rounds,
    warmupTime: 0,
    warmupIterations: WARM_UPS,
  });
  bench.add('task', run, {
    beforeEach: before,
    afterEach: after,
  });
  const [task] = await bench.run();
  if (task?.result?.state !== 'completed')
    throw new Error('the benchmark did not complete', { cause: task?.result });
  return task.result.latency.p50;
}

/** A channel whose simulated subchannels exist already: their making is not the policy's cost. */
function prepare(policy: LoadBalancingConfig, endpoints: experimental.Endpoint[]): SimulatedChannel {
  const channel = new SimulatedChannel(policy, { latestOnly: true });
  for (const { addresses } of endpoints) {
    for (const address of addresses) channel.helper.createSubchannel(address, {});
  }
  return channel;
}

function openReady(policy: LoadBalancingConfig, endpoints: experimental.Endpoint[]): SimulatedChannel {
  const channel = prepare(policy, endpoints);
  channel.update(endpoints);
  channel.all(READY);
  return channel;
}

/**
 * Kept through the whole run, as a process keeps its other channels: V8 throws optimised code away with the last
 * object of the kind that it was made for, and each round would compile anew.
 */
function keepOneOfEach(): () => void {
  const endpoints = SimulatedChannel.endpoints(3);
  const channels = [openReady(ROUND_ROBIN, endpoints), openReady(OURS, endpoints)];
  const idle = prepare(ROUND_ROBIN, endpoints);
  const leaves = new BareLeaves(idle, endpoints);
  idle.all(READY);
  return () => {
    for (const { policy } of channels) policy.destroy();
    leaves.destroy();
  };
}

/** What earlier rounds have left is not collected in the next one. A full collection would take compiled code along. */
function collectYoung(): void {
  globalThis.gc?.({ type: 'minor' });
}

/** A destroyed pick_first leaves its timer of 250 ms behind, and with it all that it knew. */
const TIMERS_LEFT_MS = 300;

const nextTick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** From nothing to READY with every endpoint. */
function connectAll(policy: LoadBalancingConfig, count: number, rounds = CONNECT_ROUNDS): Promise<number> {
  const endpoints = SimulatedChannel.endpoints(count);
  let channel: SimulatedChannel | undefined;
  return median(rounds, {
    before: () => {
      channel = prepare(policy, endpoints);
      collectYoung();
    },
    run: () => {
      channel?.update(endpoints);
      channel?.all(READY);
    },
    after: async () => {
      channel?.policy.destroy();
      await sleep(TIMERS_LEFT_MS);
    },
  });
}

function connectBareLeaves(count: number): Promise<number> {
  const endpoints = SimulatedChannel.endpoints(count);
  let channel: SimulatedChannel | undefined;
  let leaves: BareLeaves | undefined;
  return median(CONNECT_ROUNDS, {
    before: () => {
      channel = prepare(ROUND_ROBIN, endpoints);
      collectYoung();
    },
    run: () => {
      if (channel) leaves = new BareLeaves(channel, endpoints);
      channel?.all(READY);
    },
    after: async () => {
      leaves?.destroy();
      await sleep(TIMERS_LEFT_MS);
    },
  });
}

/** A resolver says the same as before, in fresh objects. */
async function resolveAgain(policy: LoadBalancingConfig, count: number, rounds: number): Promise<number> {
  const channel = openReady(policy, SimulatedChannel.endpoints(count));
  const fresh = Array.from({ length: rounds + 10 }, () => SimulatedChannel.endpoints(count));
  const ms = await median(rounds, {
    run: () => {
      channel.update(fresh.pop() ?? []);
    },
  });
  channel.policy.destroy();
  return ms;
}

/** One endpoint loses its connection and gets it back. */
async function flap(policy: LoadBalancingConfig, count: number, rounds: number): Promise<number> {
  const channel = openReady(policy, SimulatedChannel.endpoints(count));
  const subchannel = channel.subchannel('10.0.0.5:1');
  const ms = await median(rounds, {
    run: async () => {
      subchannel.become(IDLE);
      await nextTick();
      subchannel.become(CONNECTING);
      subchannel.become(READY);
    },
  });
  channel.policy.destroy();
  return ms;
}

/**
 * Picks in processes of their own, as an application has one policy: the compiler would make the pick of each
 * slower if it had seen the others. Interleaved, and of each policy the quickest of five: a neighbour of the machine only adds.
 */
function measurePicks(count: number): Record<string, PickCost> {
  const script = fileURLToPath(new URL('pick-process.ts', import.meta.url));
  const costs: Record<string, PickCost[]> = {};
  for (let round = 0; round < 5; round++) {
    for (const policy of ['round_robin', 'custom_round_robin', 'least_request', 'peak_ewma']) {
      const args = [...process.execArgv, script, policy, String(count)];
      const output = execFileSync(process.execPath, args, { encoding: 'utf8' });
      costs[policy] = [...(costs[policy] ?? []), JSON.parse(output) as PickCost];
    }
  }
  const least = (all: PickCost[], of: keyof PickCost): number => Math.min(...all.map((cost) => cost[of]));
  return Object.fromEntries(
    Object.entries(costs).map(([policy, all]) => [
      policy,
      { ns: least(all, 'ns'), bytes: least(all, 'bytes') },
    ]),
  );
}

const verdicts: Verdict[] = [];

/** Notes a target that is met by a ratio of at least, or at most, this; answers with the two cells of its row. */
function judged(
  what: string,
  ratio: number,
  bound: 'at least' | 'at most',
  limit: number,
): { ratio: string; target: string } {
  const met = bound === 'at least' ? ratio >= limit : ratio <= limit;
  verdicts.push({ target: `${what}: ${bound} ${limit}×`, measured: times(ratio), met });
  return { ratio: times(ratio), target: `${bound} ${limit}×${met ? '' : ': MISSED'}` };
}

/** Two that are near each other: five medians each, one after the other, so that noise meets both; their medians. */
async function inTurns(
  one: () => Promise<number>,
  other: () => Promise<number>,
): Promise<readonly [number, number]> {
  const medians: [number[], number[]] = [[], []];
  for (let turn = 0; turn < 5; turn++) {
    medians[0].push(await one());
    medians[1].push(await other());
  }
  const [first = Number.NaN, second = Number.NaN] = medians.map((all) => all.sort((a, b) => a - b)[2]);
  return [first, second];
}

const ms = (value: number): string => `${value.toPrecision(3)} ms`;
const ns = (value: number): string => `${value.toPrecision(3)} ns`;
const times = (value: number): string => `${value.toPrecision(3)}×`;

async function compareAt(count: number): Promise<Row[]> {
  const [leaves, ours] = await inTurns(
    () => connectBareLeaves(count),
    () => connectAll(OURS, count),
  );
  const connect = [await connectAll(ROUND_ROBIN, count), ours] as const;
  const again = [await resolveAgain(ROUND_ROBIN, count, 15), await resolveAgain(OURS, count, 100)] as const;
  const flapping = [await flap(ROUND_ROBIN, count, 50), await flap(OURS, count, 200)] as const;
  const row = (what: string, [theirs, ours]: readonly [number, number], limit: number): Row => ({
    what,
    round_robin: ms(theirs),
    custom_round_robin: ms(ours),
    ...judged(`${what} at ${count} endpoints, CPU of round_robin by ours`, theirs / ours, 'at least', limit),
  });
  return [
    row('all endpoints READY', connect, 50),
    {
      what: 'the same, beside bare leaves',
      round_robin: ms(leaves),
      custom_round_robin: ms(connect[1]),
      ...judged(
        `all endpoints READY at ${count} endpoints, CPU of ours by the bare leaves`,
        connect[1] / leaves,
        'at most',
        1.5,
      ),
    },
    row('unchanged re-resolution', again, 50),
    row('one endpoint flaps', flapping, 10),
  ];
}

async function growth(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of [100, 1000, 10_000]) {
    const perEndpoint = (value: number): string => `${((value * 1000) / count).toPrecision(3)} µs`;
    rows.push({
      endpoints: String(count),
      'all READY, each': perEndpoint(await connectAll(OURS, count, 15)),
      'unchanged, each': perEndpoint(await resolveAgain(OURS, count, 100)),
      'flap, each': perEndpoint(await flap(OURS, count, 200)),
    });
  }
  return rows;
}

function comparePicks(count: number): Row[] {
  const picks = measurePicks(count);
  const roundRobinNs = picks.round_robin?.ns ?? Number.NaN;
  const { ns: ours = Number.NaN, bytes = Number.NaN } = picks.custom_round_robin ?? {};
  judged(`pick() at ${count} endpoints, time of round_robin by ours`, roundRobinNs / ours, 'at least', 1);
  verdicts.push({
    target: `pick() at ${count} endpoints allocates nothing`,
    measured: `${bytes.toFixed(1)} bytes`,
    met: bytes < 1,
  });
  return Object.entries(picks).map(([policy, cost]) => ({
    policy,
    'one pick': ns(cost.ns),
    'on the heap': `${cost.bytes.toFixed(1)} bytes`,
    'round_robin / this': times(roundRobinNs / cost.ns),
  }));
}

const release = keepOneOfEach();
const tables = [
  tableOf(
    '10,000 endpoints, CPU time, median (in the second row the left column is the bare leaves)',
    await compareAt(10_000),
  ),
  tableOf('Growth of custom_round_robin: linear if a column stays level', await growth()),
];
release();
tables.push(
  tableOf('pick() at 10,000 endpoints, the quickest of five processes per policy', comparePicks(10_000)),
);
console.log(JSON.stringify({ tables, verdicts, notes: [] } satisfies Report));
