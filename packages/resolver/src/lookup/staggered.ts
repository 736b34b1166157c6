/**
 * Alternatives in the order of preference, begun one after the other: the next one when those before it have failed, or
 * have brought nothing for a while, because a silent one would take all the time that there is.
 */
import { setMaxListeners } from 'node:events';
import { atMost } from './until-aborted.js';

/** One of the alternatives. */
export interface Alternative<Answer> {
  /** How many slots it has a use for. */
  readonly width: number;
  /**
   * Begins it; must not reject.
   * @param slots how many things it may do at a time.
   * @param succeeded is to be called as soon as it has brought something: no further alternative is begun then.
   */
  begin(slots: number, succeeded: () => void): Promise<Answer>;
}

/**
 * Begins alternatives until one has succeeded or all have begun. The answers stand in the order of preference; those of
 * better ones may still be under way.
 * @param slots how many things all of them together may do at a time.
 * @param patience milliseconds after which the next one is begun.
 */
export async function staggered<Answer>(
  alternatives: readonly Alternative<Answer>[],
  { slots, patience }: { readonly slots: number; readonly patience: number },
): Promise<ReadonlyArray<Promise<Answer>>> {
  const begun: Array<Promise<Answer>> = [];
  const underWay = new Set<Promise<void>>();
  const success = new AbortController();
  setMaxListeners(0, success.signal);
  let free = slots;
  for (const [index, { width, begin }] of alternatives.entries()) {
    while (free === 0) await Promise.race(underWay);
    if (success.signal.aborted) break;
    // An alternative keeps what it takes for as long as it is silent, so each leaves half of it to those after it.
    const taken = Math.min(width, index === alternatives.length - 1 ? free : Math.ceil(free / 2));
    free -= taken;
    const answer = begin(taken, () => success.abort());
    begun.push(answer);
    const ended = answer.then(() => {
      free += taken;
      underWay.delete(ended);
    });
    underWay.add(ended);
    await atMost(patience, answer, success.signal);
  }
  return begun;
}
