/** Values as they stand in messages: short, in one line, a string told from a number. */
import { oneLine } from './one-line.js';

export function show(value: unknown): string {
  // What JSON has no word for: JSON would make null of NaN and nothing of a function.
  const text = typeof value === 'number' ? String(value) : (jsonOf(value) ?? `a ${typeof value}`);
  return oneLine(text.length <= 100 ? text : `${text.slice(0, 97)}...`);
}

/** The same for the end of a message, where a field may be absent. */
export function got(value: unknown): string {
  return value === undefined ? 'got nothing' : `got ${show(value)}`;
}

function jsonOf(value: unknown): string | undefined {
  if (value === undefined) return 'undefined';
  if (typeof value === 'bigint') return `${value}n`;
  try {
    return JSON.stringify(value);
  } catch {
    // A cycle, a bigint inside, a toJSON that throws, or more levels than the stack has room for.
    return Array.isArray(value) ? 'an array that is no JSON' : 'an object that is no JSON';
  }
}
