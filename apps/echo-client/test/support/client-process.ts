/** The client as a process, on pipes and in a pseudo-terminal. */
import { fileURLToPath } from 'node:url';
import { appCommand, launch, type Program } from '@petiole/test-kit/processes/program';
import { Terminal, type TerminalOptions } from '@petiole/test-kit/processes/terminal';

const cwd = fileURLToPath(new URL('../..', import.meta.url));
const CLIENT = appCommand('echo-client');

/** On pipes. */
export function client(args: readonly string[], env: Record<string, string> = {}): Program {
  return launch([...CLIENT, ...args], { cwd, env });
}

/** In a terminal until the test is over. `command` is what runs the client with these arguments. */
export function inTerminal(
  onTestFinished: (stop: () => void) => void,
  args: readonly string[],
  options: TerminalOptions = {},
  command = CLIENT,
): Terminal {
  const terminal = new Terminal([...command, ...args], { cwd, ...options });
  onTestFinished(() => terminal.kill());
  return terminal;
}
