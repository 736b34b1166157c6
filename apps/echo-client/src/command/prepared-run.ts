/** What every command has around its run: the admin server, and an ear for Ctrl-C. */

import type { ExitCode } from '../exit-code.js';
import { serveAdmin } from './admin-server.js';
import { interruptible } from './interrupt.js';

/** Takes the exit code of the command that was run. */
export type Finish = (exitCode: ExitCode) => void;

/** Runs a command with its admin server, if it is to have one, and with an ear for Ctrl-C. */
export async function preparedRun(
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
