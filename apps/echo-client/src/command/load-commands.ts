/** The commands that put load on the servers, `watch` and `bench`, and the options that they share. */
import { type Command, InvalidArgumentError } from 'commander';
import { POLICIES, type PolicyName } from '../channel/policies.js';
import { TIMEOUT_MS } from '../channel/reference-run.js';
import { bench } from '../load/bench.js';
import { watch } from '../load/watch.js';
import {
  addChannelFlags,
  type ChannelFlags,
  channelConfig,
  checkReadyTimeout,
  option,
  policyOption,
} from './channel-flags.js';
import { duration, integer, positive } from './option-values.js';
import { type Finish, preparedRun } from './prepared-run.js';

interface LoadFlags extends ChannelFlags {
  readonly rate?: number;
  readonly concurrency: number;
  readonly rpcTimeout: number;
  readonly duration?: number;
}

interface WatchFlags extends LoadFlags {
  readonly policy: PolicyName;
}

interface BenchFlags extends LoadFlags {
  readonly policy: readonly PolicyName[];
  readonly count?: number;
  readonly timeout: number;
  readonly json?: boolean;
}

export function addWatch(program: Command, finish: Finish): void {
  const command = program
    .command('watch')
    .description('send RPCs at a steady rate and draw what happens')
    .addOption(policyOption('the policy'))
    .addOption(
      option('--duration <time>', 'end after this time (default: Ctrl-C ends)').argParser(
        duration({ zero: false }),
      ),
    )
    .allowExcessArguments()
    .action(async (flags: WatchFlags) => {
      checkReadyTimeout(flags, [flags.policy]);
      const channel = channelConfig(flags, flags.policy);
      await preparedRun(flags.admin, async (interrupted) => {
        const { message, rate, concurrency, rpcTimeout: rpcTimeoutMs } = flags;
        const load = { message, rate: rate ?? 10, concurrency, rpcTimeoutMs };
        finish(await watch({ channel, load, durationMs: flags.duration, interrupted }));
      });
    });
  addLoadOptions(command, { rate: '10', concurrency: 1 });
  addChannelFlags(command);
}

export function addBench(program: Command, finish: Finish): void {
  const command = program
    .command('bench')
    .description('measure policies under the same load, in turns')
    .addOption(
      option('--policy <names>', `comma-separated, or all: ${POLICIES.join(', ')}`)
        .default(['custom_round_robin'], 'custom_round_robin')
        .argParser(policyList),
    )
    .addOption(
      option('--duration <time>', 'of each load (default: 5s, or until --count)').argParser(
        duration({ zero: false }),
      ),
    )
    .addOption(option('--count <n>', 'RPCs of each load').argParser(integer(1, 1e9)))
    .addOption(
      option('--timeout <time>', 'the longest wait for the servers')
        .default(TIMEOUT_MS, `${TIMEOUT_MS / 1000}s`)
        .argParser(duration({ zero: false })),
    )
    .addOption(option('--json', 'one JSON object per policy and a summary'))
    .allowExcessArguments()
    .action(async (flags: BenchFlags) => {
      checkReadyTimeout(flags, flags.policy);
      const channels = flags.policy.map((policy) => channelConfig(flags, policy));
      await preparedRun(flags.admin, async (interrupted) => {
        const { message, rate, concurrency, rpcTimeout: rpcTimeoutMs, count } = flags;
        finish(
          await bench({
            channels,
            load: { message, rate, concurrency, rpcTimeoutMs, count },
            durationMs: flags.duration ?? (count === undefined ? 5_000 : undefined),
            timeoutMs: flags.timeout,
            json: flags.json === true,
            interrupted,
          }),
        );
      });
    });
  addLoadOptions(command, { rate: 'as many as there is room for', concurrency: 10 });
  addChannelFlags(command);
}

function addLoadOptions(
  command: Command,
  defaults: { readonly rate: string; readonly concurrency: number },
): void {
  command
    .addOption(option('--rate <n>', `RPCs a second (default: ${defaults.rate})`).argParser(positive(1e6)))
    .addOption(
      option('--concurrency <n>', 'the most RPCs in flight')
        .default(defaults.concurrency)
        .argParser(integer(1, 10_000)),
    )
    .addOption(
      option('--rpc-timeout <time>', 'the longest that one RPC may take')
        .default(2_000, '2s')
        .argParser(duration({ zero: false })),
    );
}

function policyList(text: string): readonly PolicyName[] {
  if (text === 'all') return POLICIES;
  return text.split(',').map((name) => {
    const policy = POLICIES.find((known) => known === name.trim());
    if (policy === undefined) {
      throw new InvalidArgumentError(
        `Allowed are all, or some of ${POLICIES.join(', ')}, separated by commas.`,
      );
    }
    return policy;
  });
}
