/** `bench`: policies under the same load, in turns, with a progress bar, and how they compare. */
import { Presets, SingleBar } from 'cli-progress';
import type { EchoChannelConfig } from '../channel/echo-channel.js';
import { connected, settled } from '../channel/wait-for-servers.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { percent, quantity } from '../text/quantities.js';
import type { Load } from './load.js';
import { LoadSession } from './load-session.js';
import { type Statistics, sum } from './load-statistics.js';
import { type LoadResult, loadJson, loadSummary } from './load-summary.js';
import { noise, SLICES } from './noise.js';

export interface BenchOptions {
  /** One for each policy. */
  readonly channels: readonly EchoChannelConfig[];
  readonly load: Load;
  /** For each policy; undefined if the load has a count. */
  readonly durationMs: number | undefined;
  /** The longest wait for the servers, for each policy. */
  readonly timeoutMs: number;
  readonly json: boolean;
  readonly interrupted: AbortSignal;
}

/** Resolves when it is over. The promise: every RPC is answered. */
export async function bench(options: BenchOptions): Promise<ExitCode> {
  // No policy uses the connections of another.
  const contenders = options.channels.map((channel) => ({
    session: new LoadSession({ ...channel, ownConnections: true }, options.load),
    slices: [] as Statistics[],
  }));
  try {
    const unreachable = await allConnected(contenders, options);
    if (unreachable === undefined) await takeTurns(contenders, options);
    return report(contenders.flatMap(resultOf), unreachable, options);
  } finally {
    for (const { session } of contenders) session.close();
  }
}

interface Contender {
  readonly session: LoadSession;
  /** What was measured so far. */
  readonly slices: Statistics[];
}

/** Why nothing can be measured, or undefined. */
async function allConnected(
  contenders: readonly Contender[],
  { timeoutMs, interrupted }: BenchOptions,
): Promise<string | undefined> {
  for (const { session } of contenders) {
    const failure = await connected(session.client, Date.now() + timeoutMs, interrupted).catch(
      (error: Error) => error,
    );
    if (failure !== undefined) {
      const { target, policy } = session.channel;
      return `no connection to ${target} under ${policy} within ${timeoutMs / 1000} s`;
    }
    await settled(session.client);
    session.directory.refresh(session.client);
  }
  return undefined;
}

/** What each policy runs before any is measured, while the engine still compiles. */
const WARM_UP_MS = 1_000;

async function takeTurns(contenders: readonly Contender[], options: BenchOptions): Promise<void> {
  const { load, durationMs, interrupted } = options;
  for (const { session } of contenders) {
    const warmUp = { ...load, count: undefined };
    await session.run({ cancel: interrupted, stop: AbortSignal.timeout(WARM_UP_MS) }, warmUp);
  }
  const progress = showProgress(contenders, options);
  for (let round = 0; round < SLICES && !interrupted.aborted; round++) {
    // There and back, so that a machine that grows slower all the time favours none.
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const { session, slices } = contender;
      const count = load.count === undefined ? undefined : share(load.count, round);
      if (count === 0) continue;
      progress.runs(session);
      const stop =
        durationMs === undefined ? {} : { stop: AbortSignal.timeout(Math.ceil(durationMs / SLICES)) };
      await session.run({ cancel: interrupted, ...stop }, { ...load, count });
      slices.push(session.snapshot().total);
    }
  }
  progress.end();
}

/** Of so many RPCs those of one round, which differ by one at most. */
function share(count: number, round: number): number {
  return Math.floor((count * (round + 1)) / SLICES) - Math.floor((count * round) / SLICES);
}

/** None of a contender that never had its turn. */
function resultOf({ session, slices }: Contender): readonly LoadResult[] {
  if (slices.length === 0) return [];
  const rates = slices.map(({ rpcs, seconds }) => (seconds === 0 ? 0 : rpcs / seconds));
  return [{ ...session.snapshot(), total: sum(slices), slices: rates }];
}

const VERDICTS = { [EXIT.kept]: 'kept', [EXIT.broken]: 'broken', [EXIT.interrupted]: 'interrupted' } as const;

function report(
  results: readonly LoadResult[],
  unreachable: string | undefined,
  { json, interrupted }: BenchOptions,
): ExitCode {
  const allAnswered = results.every(({ total }) => total.answered === total.rpcs && total.answered > 0);
  const verdict = allAnswered && unreachable === undefined ? EXIT.kept : EXIT.broken;
  const exitCode = interrupted.aborted ? EXIT.interrupted : verdict;
  const chance = noise(results);
  if (json) {
    for (const result of results) console.log(loadJson(result));
    const summary = { type: 'summary', verdict: VERDICTS[exitCode], loads: results.length };
    console.log(JSON.stringify(chance === undefined ? summary : { ...summary, noise: rounded(chance) }));
  } else if (results.length > 0) {
    console.log(loadSummary(results));
    if (chance !== undefined) console.log(noiseLine(chance));
  }
  if (unreachable !== undefined && !interrupted.aborted) console.error(`echo-client: ${unreachable}`);
  return exitCode;
}

function noiseLine(chance: number): string {
  return `\nDifferences in RPC/s below ${percent(chance).trim()} are noise: chance alone brings them about.`;
}

function rounded(share: number): number {
  return Math.round(share * 1000) / 1000;
}

const PROGRESS_MS = 100;

interface Progress {
  /** It is this one's turn. */
  runs(session: LoadSession): void;
  end(): void;
}

/** On stderr, and only if that is a terminal: the results on stdout stay clean. */
function showProgress(contenders: readonly Contender[], { load, durationMs }: BenchOptions): Progress {
  if (!process.stderr.isTTY) return { runs: () => {}, end: () => {} };
  const bar = new SingleBar(
    {
      format: '{policy} {bar} {percentage}%  {rpcs} RPCs',
      stream: process.stderr,
      barsize: 24,
      gracefulExit: false,
      clearOnComplete: true,
    },
    Presets.rect,
  );
  let current: LoadSession | undefined;
  const width = Math.max(...contenders.map(({ session }) => session.channel.policy.length));
  const show = (): void => {
    const finished = contenders.flatMap(({ slices }) => slices);
    const running = current?.snapshot().total;
    const { rpcs, seconds } = [...finished, ...(running === undefined ? [] : [running])].reduce(
      (all, one) => ({ rpcs: all.rpcs + one.rpcs, seconds: all.seconds + one.seconds }),
      { rpcs: 0, seconds: 0 },
    );
    const done = Math.max(
      load.count === undefined ? 0 : rpcs / (load.count * contenders.length),
      durationMs === undefined ? 0 : (seconds * 1000) / (durationMs * contenders.length),
    );
    const policy = (current?.channel.policy ?? '').padEnd(width);
    bar.update(Math.min(1, done), { policy, rpcs: quantity(rpcs) });
  };
  bar.start(1, 0, { policy: ''.padEnd(width), rpcs: '0' });
  const timer = setInterval(show, PROGRESS_MS);
  return {
    runs: (session) => {
      current = session;
    },
    end: () => {
      clearInterval(timer);
      current = undefined;
      bar.stop();
    },
  };
}
