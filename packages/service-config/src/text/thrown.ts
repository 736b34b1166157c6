/** Texts of whatever was thrown: JavaScript may throw anything, also what cannot be made a string. */
import { oneLine } from './one-line.js';

/** With the kind of the error before it: `TypeError: …`. */
export function thrownText(thrown: unknown): string {
  try {
    return oneLine(String(thrown));
  } catch {
    return 'something that has no text';
  }
}

/** The message alone. */
export function messageOf(thrown: unknown): string {
  try {
    return oneLine(thrown instanceof Error ? String(thrown.message) : String(thrown));
  } catch {
    return 'something that has no text';
  }
}
