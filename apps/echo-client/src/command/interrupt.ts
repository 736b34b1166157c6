/** Ctrl-C, as a signal that a run can watch. */
import { EXIT } from '../exit-code.js';

/**
 * The signal aborts with the first SIGINT, so that the run can end with its summary; a second one ends the process at
 * once. The listener is not a `once`: log-update's signal-exit ends the process by the signal as soon as it is the
 * only listener, and a `once` is gone before signal-exit counts.
 */
export async function interruptible<Result>(
  run: (interrupted: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  try {
    return await run(controller.signal);
  } finally {
    process.off('SIGINT', onSignal);
  }
}
