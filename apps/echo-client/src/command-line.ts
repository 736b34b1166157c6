/** The commands, their options, and what `--help` teaches about them. */
import { createRequire } from 'node:module';
import { Command, InvalidArgumentError, type Option } from 'commander';
import { serveAdmin } from './admin-server.js';
import { bench } from './bench.js';
import {
  addChannelFlags,
  type ChannelFlags,
  channelConfig,
  checkReadyTimeout,
  option,
  policyOption,
} from './channel-flags.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { interruptible } from './interrupt.js';
import { duration, integer, positive } from './option-values.js';
import { POLICIES, type PolicyName } from './policies.js';
import { ENDPOINTS, ITERATIONS, TARGET, TIMEOUT_MS } from './reference-run.js';
import { UsageError } from './usage-error.js';
import { verify } from './verify.js';
import { transcript, verifyJson } from './verify-report.js';
import { watch } from './watch.js';

type Run = (exitCode: ExitCode) => void;

interface VerifyFlags extends ChannelFlags {
  readonly policy: PolicyName;
  readonly iterations: number;
  readonly timeout: number;
  readonly json?: boolean;
}

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

/** `finish` gets the exit code of the command that was run. */
export function commandLine(finish: Run): Command {
  const program = new Command('echo-client')
    .description('Sends RPCs to the echo servers through one channel, and shows which server answers.')
    .version(version(), '-V, --version', 'print the version, and that of grpc-js')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
    .configureHelp({ optionDescription: describeOption })
    .addHelpText('after', EXAMPLES);
  addVerify(program, finish);
  addWatch(program, finish);
  addBench(program, finish);
  return program;
}

function addVerify(program: Command, finish: Run): void {
  const command = program
    .command('verify', { isDefault: true })
    .description('check that the policy keeps its promise (the default command)')
    .addOption(policyOption('the policy, and so the promise'))
    .addOption(
      option('--iterations <n>', 'rotations over all endpoints')
        .default(ITERATIONS)
        .argParser(integer(1, 1e6)),
    )
    .addOption(
      option('--timeout <time>', 'for the whole run, late servers included')
        .default(TIMEOUT_MS, `${TIMEOUT_MS / 1000}s`)
        .argParser(duration({ zero: false })),
    )
    .addOption(option('--json', 'one JSON object per RPC and a summary'))
    .addHelpText('after', PROMISES)
    .allowExcessArguments()
    .action(async (flags: VerifyFlags) => {
      refuseArguments(command);
      checkReadyTimeout(flags, [flags.policy]);
      const channel = channelConfig(flags, flags.policy);
      const report = flags.json
        ? verifyJson(flags.policy, flags.target)
        : transcript(flags.policy, flags.iterations);
      await prepared(flags.admin, async (interrupted) => {
        const result = await verify({
          channel,
          // Only of the reference's own servers it is known which of their addresses answers.
          expected: flags.target === TARGET ? ENDPOINTS : undefined,
          message: flags.message,
          iterations: flags.iterations,
          timeoutMs: flags.timeout,
          signal: interrupted,
          onAnswer: report.answer,
        });
        report.end(result);
        finish(EXIT[result.verdict]);
      });
    });
  addChannelFlags(command);
}

function addWatch(program: Command, finish: Run): void {
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
      refuseArguments(command);
      checkReadyTimeout(flags, [flags.policy]);
      const channel = channelConfig(flags, flags.policy);
      await prepared(flags.admin, async (interrupted) => {
        const { message, rate, concurrency, rpcTimeout: rpcTimeoutMs } = flags;
        const load = { message, rate: rate ?? 10, concurrency, rpcTimeoutMs };
        finish(await watch({ channel, load, durationMs: flags.duration, interrupted }));
      });
    });
  addLoadOptions(command, { rate: '10', concurrency: 1 });
  addChannelFlags(command);
}

function addBench(program: Command, finish: Run): void {
  const command = program
    .command('bench')
    .description('measure policies under the same load, one after the other')
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
      refuseArguments(command);
      checkReadyTimeout(flags, flags.policy);
      const channels = flags.policy.map((policy) => channelConfig(flags, policy));
      await prepared(flags.admin, async (interrupted) => {
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

/** Runs a command with its admin server, if it is to have one, and with an ear for Ctrl-C. */
async function prepared(
  admin: string | undefined,
  run: (interrupted: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = admin === undefined ? () => {} : await serveAdmin(admin);
  try {
    await interruptible(run);
  } finally {
    stop();
  }
}

/** The default command also gets what was meant to be a command. */
function refuseArguments({ args }: Command): void {
  const [first] = args;
  if (first === undefined) return;
  throw new UsageError(
    `unknown argument '${first}': allowed are the commands verify, watch and bench, and options`,
  );
}

/** commander would name each option's environment variable as well: the examples say it once for all. */
function describeOption({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const notes = [
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]),
    ...(defaultValue === undefined ? [] : [`default: ${defaultValueDescription ?? defaultValue}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

/** commander's message, as this program's errors are written. */
function oneLine(text: string): string {
  const message = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ');
  const hint = /^unknown option/.test(message)
    ? '; the commands are verify, watch and bench, and --help lists the options of each'
    : '';
  return `echo-client: ${message}${hint}\n`;
}

function version(): string {
  const require = createRequire(import.meta.url);
  const own = require('../package.json') as { version: string };
  const grpc = require('@grpc/grpc-js/package.json') as { version: string };
  return `${own.version} (grpc-js ${grpc.version}, Node.js ${process.versions.node})`;
}

const EXAMPLES = `
Examples:
  echo-client                                      the reference run: 27 RPCs, 3 in a row to each server
  echo-client watch                                a live view; stop a server and see it leave and come back
  echo-client watch --policy least_request --rate 200 --concurrency 8
  echo-client bench --policy all --duration 3s     the policies on this machine, side by side
  echo-client verify --json | jq -r .peer          one JSON object per RPC
  echo-client --target static:[::1]:50051+127.0.0.1:50051 --repeat-count 1
  echo-client watch --admin 127.0.0.1:50053        and: grpcdebug 127.0.0.1:50053 channelz channels

Each option can come from the environment: ECHO_CLIENT_RPC_TIMEOUT=500ms is --rpc-timeout 500ms.
Exit codes: 0 as promised, 1 the promise was broken, 2 usage, 130 Ctrl-C.`;

const PROMISES = `
What is promised:
  custom_round_robin  each endpoint --repeat-count times in a row, in the target's order, --iterations times
  pick_first          every RPC is answered, and all of them by one peer
  round_robin, least_request
                      every RPC is answered; the shares are printed`;
