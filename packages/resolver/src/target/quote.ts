/** Foreign text and values as they stand in a message: in one line, cut, without control characters and passwords. */
import { thrownText, visible } from '@petiole/service-config/internal';

const LONGEST = 80;

/** Quotes a text: control characters escaped, at most 80 characters of it, and no password. */
export function quote(text: string): string {
  const shown = withoutPassword(text);
  const quoted = visible(JSON.stringify(shown.slice(0, LONGEST)));
  return shown.length > LONGEST ? `${quoted}… (${text.length} characters)` : quoted;
}

/** A value as JSON, at most 80 characters of it. Never throws. */
export function print(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return String(value); // JSON has no NaN
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // A cycle, or more levels than the stack has room for.
  }
  text ??= thrownText(value);
  return text.length > LONGEST ? `${visible(text.slice(0, LONGEST))}…` : visible(text);
}

/** A target with `***` for a password: no message and no event may carry one to a log. No good target has an "@". */
export function withoutPassword(target: string): string {
  const at = target.lastIndexOf('@');
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]{0,31}:(?:\/\/|(?=[^@]*:))/.exec(target)?.[0] ?? '';
  const colon = target.indexOf(':', scheme.length);
  return colon < 0 || colon > at ? target : `${target.slice(0, colon)}:***${target.slice(at)}`;
}
