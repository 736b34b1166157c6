/** A whole run of the client, from its arguments to its exit code. */
import { CommanderError } from 'commander';
import { EXIT, type ExitCode } from '../exit-code.js';
import { commandLine } from './command-line.js';
import { UsageError } from './usage-error.js';

/** `argv` are the arguments alone, without those of Node.js. */
export async function runCommandLine(argv: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.kept;
  const program = commandLine((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    // commander has written its message already, also when that was the help that somebody asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.kept : EXIT.usage;
    if (!(error instanceof UsageError)) throw error;
    console.error(`echo-client: ${error.message}`);
    return EXIT.usage;
  }
  return exitCode;
}
