/** Texts of whatever was thrown: JavaScript may throw anything, also what cannot be made a string. */
import { oneLine, visible } from './one-line.js';

/** With the kind of the error before it: `TypeError: …`. */
export function thrownText(thrown: unknown): string {
  try {
    return oneLine(String(thrown));
  } catch {
    return 'something that has no text';
  }
}

/**
 * The message alone.
 *
 * @param most as {@link oneLine} has it
 */
export function messageOf(thrown: unknown, most?: number): string {
  try {
    return oneLine(thrown instanceof Error ? String(thrown.message) : String(thrown), most);
  } catch {
    return 'something that has no text';
  }
}

/** Where an error was thrown, a line for each frame; empty for what has no stack. Its message is no part of it. */
export function stackOf(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error) || typeof thrown.stack !== 'string') return '';
    // The message stands before the frames, and may have lines that look like them.
    const { message, stack } = thrown;
    const start = stack.indexOf(message);
    const frames = stack.slice(start < 0 ? 0 : start + message.length).split('\n');
    return frames
      .filter((line) => /^ {4}at /.test(line))
      .map((line) => `\n${visible(line)}`)
      .join('');
  } catch {
    return '';
  }
}
