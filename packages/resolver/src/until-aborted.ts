/**
 * Gives up on a promise when a signal aborts: not everything that is awaited can be cancelled.
 */

/** Settles as the promise does, or rejects with code `ECANCELLED` at once when the signal aborts. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(Object.assign(new Error('aborted'), { code: 'ECANCELLED' }));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
