/** The command `verify`: its options, and what its help says about promises. */
import type { Command } from 'commander';
import type { PolicyName } from '../channel/policies.js';
import { ENDPOINTS, ITERATIONS, TARGET, TIMEOUT_MS } from '../channel/reference-run.js';
import { EXIT } from '../exit-code.js';
import { verify } from '../verify/verify.js';
import { transcript, verifyJson } from '../verify/verify-report.js';
import {
  addChannelFlags,
  type ChannelFlags,
  channelConfig,
  checkReadyTimeout,
  option,
  policyOption,
} from './channel-flags.js';
import { duration, integer } from './option-values.js';
import { type Finish, preparedRun } from './prepared-run.js';

interface VerifyFlags extends ChannelFlags {
  readonly policy: PolicyName;
  readonly iterations: number;
  readonly timeout: number;
  readonly json?: boolean;
}

export function addVerify(program: Command, finish: Finish): void {
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
      checkReadyTimeout(flags, [flags.policy]);
      const channel = channelConfig(flags, flags.policy);
      const report = flags.json
        ? verifyJson(flags.policy, flags.target)
        : transcript(flags.policy, flags.iterations);
      await preparedRun(flags.admin, async (interrupted) => {
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

const PROMISES = `
What is promised:
  custom_round_robin  each endpoint --repeat-count times in a row, in the target's order, --iterations times
  pick_first          every RPC is answered, and all of them by one peer
  the others          every RPC is answered; the shares are printed`;
