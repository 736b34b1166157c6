/**
 * The echo client's process. Without arguments it proves the distribution of
 * `custom_round_robin` over the three echo servers and prints the transcript.
 */
import { CommanderError } from 'commander';
import { endWhenStdoutCloses } from './closed-stdout.js';
import { commandLine } from './command-line.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { UsageError } from './usage-error.js';

async function main(): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.kept;
  try {
    await commandLine((code) => {
      exitCode = code;
    }).parseAsync();
  } catch (error) {
    // commander has written its message already, also when that was the help that somebody asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.kept : EXIT.usage;
    if (!(error instanceof UsageError)) throw error;
    console.error(`echo-client: ${error.message}`);
    return EXIT.usage;
  }
  return exitCode;
}

endWhenStdoutCloses();
// An empty variable is one that is not set.
for (const [name, value] of Object.entries(process.env)) {
  if (name.startsWith('ECHO_CLIENT_') && value === '') delete process.env[name];
}
const exitCode = await main();
// A connection attempt to a silent peer cannot be cancelled, and would hold the process. First let a pipe take all.
process.stdout.write('', () => process.exit(exitCode));
