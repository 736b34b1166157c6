/** Keeps work that is asked for often from taking all the time. */
import { setTimeout } from 'node:timers';

/** It is done at once, and then not again before a pause is over, however often it is asked for. */
export function paced(pause: number, work: () => void): () => void {
  let phase: 'resting' | 'pausing' | 'due again' = 'resting';
  const run = (): void => {
    phase = 'pausing';
    setTimeout(() => {
      if (phase === 'due again') run();
      else phase = 'resting';
    }, pause).unref();
    work();
  };
  return () => {
    if (phase === 'resting') run();
    else phase = 'due again';
  };
}
