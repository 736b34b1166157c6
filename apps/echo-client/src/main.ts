/**
 * The echo client's process. Without arguments it proves the distribution of
 * `custom_round_robin` over the three echo servers and prints the transcript.
 */
import { endWhenStdoutCloses } from './command/closed-stdout.js';
import { runCommandLine } from './command/run-command-line.js';

endWhenStdoutCloses();
// An empty variable is one that is not set.
for (const [name, value] of Object.entries(process.env)) {
  if (name.startsWith('ECHO_CLIENT_') && value === '') delete process.env[name];
}
const exitCode = await runCommandLine(process.argv.slice(2));
// A connection attempt to a silent peer cannot be cancelled, and would hold the process. First let a pipe take all.
process.stdout.write('', () => process.exit(exitCode));
