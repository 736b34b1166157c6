/** Gives up on a promise when a signal aborts, or a time is over: not everything that is awaited can be cancelled. */
import { TurningClock } from '@petiole/service-config/internal';

/** Settles as the promise does, or rejects with code `ECANCELLED` at once when the signal aborts. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(Object.assign(new Error('ECANCELLED'), { code: 'ECANCELLED' }));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Waits for a promise, but not beyond a time or an abort. Never rejects. */
export async function atMost(ms: number, promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const clock = new TurningClock();
  const time = new Promise<void>((resolve) => clock.wait(ms, resolve));
  await Promise.race([untilAborted(promise, signal).catch(() => {}), time]);
  clock.stop();
}
