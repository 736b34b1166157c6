/** `bench`: the same bounded load under one policy after the other, with a progress bar, and how they compare. */
import { Presets, SingleBar } from 'cli-progress';
import type { EchoChannelConfig } from './echo-channel.js';
import { EXIT, type ExitCode } from './exit-code.js';
import type { Load } from './load.js';
import { LoadSession, type Snapshot } from './load-session.js';
import { loadJson, loadSummary } from './load-summary.js';
import { quantity } from './quantities.js';
import { connected, settled } from './wait-for-servers.js';

export interface BenchOptions {
  /** One for each policy. */
  readonly channels: readonly EchoChannelConfig[];
  readonly load: Load;
  /** For each policy; undefined if the load has a count. */
  readonly durationMs: number | undefined;
  /** The longest wait for the servers, before each load. */
  readonly timeoutMs: number;
  readonly json: boolean;
  readonly interrupted: AbortSignal;
}

/** Resolves when it is over. The promise: every RPC is answered. */
export async function bench(options: BenchOptions): Promise<ExitCode> {
  const { json, interrupted } = options;
  const results: Snapshot[] = [];
  let unreachable = await warmUp(options);
  for (const channel of options.channels) {
    if (unreachable !== undefined || interrupted.aborted) break;
    const result = await benchOne(channel, options);
    if (typeof result === 'string') unreachable = result;
    else {
      results.push(result);
      if (json) console.log(loadJson(result));
    }
  }
  const allAnswered = results.every(({ total }) => total.answered === total.rpcs && total.answered > 0);
  const exitCode = interrupted.aborted
    ? EXIT.interrupted
    : allAnswered && unreachable === undefined
      ? EXIT.kept
      : EXIT.broken;
  if (json)
    console.log(JSON.stringify({ type: 'summary', verdict: VERDICTS[exitCode], loads: results.length }));
  else if (results.length > 0) console.log(loadSummary(results));
  if (unreachable !== undefined && !interrupted.aborted) console.error(`echo-client: ${unreachable}`);
  return exitCode;
}

const VERDICTS = { [EXIT.kept]: 'kept', [EXIT.broken]: 'broken', [EXIT.interrupted]: 'interrupted' } as const;

const WARM_UP_MS = 1000;

/** Of several policies, the first would be measured while the engine still compiles. Resolves with why nothing can be. */
async function warmUp(options: BenchOptions): Promise<string | undefined> {
  const [first, ...others] = options.channels;
  if (first === undefined || others.length === 0) return undefined;
  const load = { ...options.load, count: undefined };
  const result = await benchOne(first, { ...options, load, durationMs: WARM_UP_MS });
  return typeof result === 'string' ? result : undefined;
}

/** What was measured, or why nothing could be. */
async function benchOne(channel: EchoChannelConfig, options: BenchOptions): Promise<Snapshot | string> {
  const { load, durationMs, timeoutMs, interrupted } = options;
  // No policy inherits the connections of the one before.
  const session = new LoadSession({ ...channel, ownConnections: true }, load);
  try {
    const failure = await connected(session.client, Date.now() + timeoutMs, interrupted).catch(
      (error: Error) => error,
    );
    if (failure !== undefined) {
      return `no connection to ${channel.target} under ${channel.policy} within ${timeoutMs / 1000} s`;
    }
    await settled(session.client, session.directory);
    const stopProgress = showProgress(session, channel.policy, load.count, durationMs);
    const stop = durationMs === undefined ? {} : { stop: AbortSignal.timeout(durationMs) };
    await session.run({ cancel: interrupted, ...stop });
    stopProgress();
    return session.snapshot();
  } finally {
    session.close();
  }
}

const PROGRESS_MS = 100;

/** On stderr, and only if that is a terminal: the results on stdout stay clean. */
function showProgress(
  session: LoadSession,
  policy: string,
  count: number | undefined,
  durationMs: number | undefined,
): () => void {
  if (!process.stderr.isTTY) return () => {};
  const bar = new SingleBar(
    {
      format: `${policy} {bar} {percentage}%  {rpcs} RPCs`,
      stream: process.stderr,
      barsize: 24,
      gracefulExit: false,
      clearOnComplete: true,
    },
    Presets.rect,
  );
  bar.start(1, 0, { rpcs: '0' });
  const begin = performance.now();
  const show = (): void => {
    const { rpcs } = session.snapshot().total;
    const done = Math.max(
      count === undefined ? 0 : rpcs / count,
      durationMs === undefined ? 0 : (performance.now() - begin) / durationMs,
    );
    bar.update(Math.min(1, done), { rpcs: quantity(rpcs) });
  };
  const timer = setInterval(show, PROGRESS_MS);
  return () => {
    clearInterval(timer);
    show();
    bar.stop();
  };
}
