/** The garbage collector, asked until it has done what a test waits for. */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bounded by the time limit of the test. */
export async function collectUntil(done: () => boolean): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  do {
    // What a WeakRef has shown is held until the turn of the event loop is over.
    await setImmediate();
    collect();
  } while (!done());
}
