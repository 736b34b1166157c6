/** Keys in a terminal: a digit stops or starts that listener, `h` and a digit flips its health, `q` quits. */
import { emitKeypressEvents, type Key } from 'node:readline';
import type { EchoServers } from '../echo-servers.js';

export interface TerminalKeys {
  /** True after `h`, until the next key. */
  readonly choosingHealth: boolean;
}

/** Reads single keys from the terminal from now on; `changed` is called after each. */
export function readTerminalKeys(servers: EchoServers, quit: () => void, changed: () => void): TerminalKeys {
  const keys = { choosingHealth: false };
  const { stdin } = process;
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  stdin.on('error', () => {});
  stdin.on('keypress', (_, { name = '', ctrl = false, sequence = '' }: Key) => {
    const choosingHealth = keys.choosingHealth;
    keys.choosingHealth = false;
    // Raw mode leaves it to us what Ctrl-C and Ctrl-Z mean.
    if (name === 'q' || (ctrl && name === 'c')) quit();
    else if (ctrl && name === 'z') suspend(changed);
    else if (name === 'h' && !ctrl) keys.choosingHealth = true;
    else if (/^[1-9]$/.test(sequence) && Number(sequence) <= servers.listeners.length) {
      if (choosingHealth) servers.flipHealth(Number(sequence));
      else void servers.toggle(Number(sequence));
    }
    changed();
  });
  return keys;
}

/** Gives the terminal back to the shell, as Ctrl-Z does with any program, until `fg`. */
function suspend(changed: () => void): void {
  process.stdin.setRawMode(false);
  process.once('SIGCONT', () => {
    process.stdin.setRawMode(true);
    changed();
  });
  // The whole foreground job: a pnpm that waits for this process must stop as well.
  process.kill(0, 'SIGTSTP');
}
