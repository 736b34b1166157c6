/** Ctrl-C, as a signal that a run can watch. */

/**
 * Aborts with the first SIGINT, so that the run can end with its summary; a second one ends the process at once.
 */
export function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  return controller.signal;
}
