/**
 * Foreign texts and values as they stand in messages: in one line, cut, without control characters and passwords, and a
 * string told from a number.
 */
import { madeOr } from '../made-or.js';
import { visible } from './one-line.js';

const LONGEST = 80;

/** A text in quotes, at most 80 characters of it. */
export function quote(text: string): string {
  const shown = withoutPassword(text);
  const quoted = visible(JSON.stringify(shown.slice(0, LONGEST)));
  return shown.length > LONGEST ? `${quoted}… (${text.length} characters)` : quoted;
}

/** A value as JSON, at most 80 characters of it. Never throws. */
export function show(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  const text = textOf(value);
  return text.length > LONGEST ? `${visible(text.slice(0, LONGEST))}…` : visible(text);
}

/** The same for the end of a message, where a field may be absent. */
export function got(value: unknown): string {
  return value === undefined ? 'got nothing' : `got ${show(value)}`;
}

function textOf(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  // JSON would make null of NaN and nothing of a function.
  if (typeof value === 'number' || value === undefined) return String(value);
  // A cycle, a bigint inside, a toJSON that throws, or more levels than the stack has room for.
  const noJson = `an ${Array.isArray(value) ? 'array' : 'object'} that is no JSON`;
  return madeOr(noJson, () => JSON.stringify(value) ?? `a ${typeof value}`);
}

/** A text with `***` for a password, as `user:password@host` has one: no message and no event may carry it to a log. */
export function withoutPassword(text: string): string {
  const at = text.lastIndexOf('@');
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]{0,31}:(?:\/\/|(?=[^@]*:))/.exec(text)?.[0] ?? '';
  const colon = text.indexOf(':', scheme.length);
  return colon < 0 || colon > at ? text : `${text.slice(0, colon)}:***${text.slice(at)}`;
}
