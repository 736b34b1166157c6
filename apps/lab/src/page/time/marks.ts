/** Where the words for what somebody did stand above a plot, so that none covers another; and the same for who cannot see it. */
import type { Mark } from '../../protocol.js';
import { clock } from '../look/numbers.js';

const ROWS = 2;
/** Marks that are nearer to each other are one. */
const NEAR = 4;
const GAP = 6;
const MOST_CHARACTERS = 36;

export interface Line {
  readonly x: number;
  /** Undefined where there is no room. */
  readonly label?: { readonly text: string; readonly left: number; readonly row: number };
}

/**
 * The newest words come first: older ones have what room is left.
 *
 * @param marks by their place, the oldest first
 * @param right where words have to end
 */
export function layOut(
  marks: readonly { readonly x: number; readonly text: string }[],
  right: number,
  widthOf: (text: string) => number,
): readonly Line[] {
  const joined: { x: number; text: string }[] = [];
  for (const { x, text } of marks) {
    const last = joined.at(-1);
    if (last !== undefined && x - last.x < NEAR) last.text += `, ${text}`;
    else joined.push({ x, text });
  }
  const free = Array.from({ length: ROWS }, () => right);
  return joined.reverse().map(({ x, text: whole }) => {
    const text =
      whole.length <= MOST_CHARACTERS ? whole : `${whole.slice(0, MOST_CHARACTERS - 1).trimEnd()}…`;
    const width = widthOf(text);
    // To the right of its line, or else to the left.
    for (const left of [Math.min(x, right - width), x - width]) {
      const row = free.findIndex((end) => left + width <= end);
      if (row < 0 || left < 0) continue;
      free[row] = left - GAP;
      return { x, label: { text, left, row } };
    }
    return { x };
  });
}

/** For who cannot see the plot; empty if nothing was done in that time. */
export function marksInWords(marks: readonly Mark[], from: number, to: number): string {
  const shown = marks.filter(({ at }) => at >= from && at <= to);
  if (shown.length === 0) return '';
  return `Done meanwhile: ${shown.map(({ at, text }) => `${text} at ${clock(at)}`).join('; ')}.`;
}
