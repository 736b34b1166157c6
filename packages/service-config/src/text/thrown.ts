/** Texts of whatever was thrown: JavaScript may throw anything, also what cannot be made a string. */
import { madeOr } from '../made-or.js';
import { oneLine, visible } from './one-line.js';

/** With the kind of the error before it: `TypeError: …`. */
export function thrownText(thrown: unknown): string {
  return madeOr('something that has no text', () => oneLine(String(thrown)));
}

/** The message alone, cut as {@link oneLine} does it. */
export function messageOf(thrown: unknown, most?: number): string {
  const message = () => String(thrown instanceof Error ? thrown.message : thrown);
  return madeOr('something that has no text', () => oneLine(message(), most));
}

/** Where an error was thrown, a line for each frame; empty for what has no stack. Its message is no part of it. */
export function stackOf(thrown: unknown): string {
  return madeOr('', () => {
    if (!(thrown instanceof Error) || typeof thrown.stack !== 'string') return '';
    // The message stands before the frames, and may have lines that look like them.
    const lines = thrown.stack.replace(String(thrown.message), '').split('\n');
    const frames = lines.filter((line) => /^ {4}at /.test(line));
    return frames.map((line) => `\n${visible(line)}`).join('');
  });
}
