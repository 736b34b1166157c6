/** Work that is asked for often: it is done at once, and then not again before a pause is over, however often it is asked for. */
import { setTimeout } from 'node:timers';

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
