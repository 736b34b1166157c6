/**
 * Foreign text in our own lines: what peers, DNS, catalogues and configs say, and what code of a user's throws.
 * It reaches a log, an error or an event in one line, without control characters, and cut to a bounded length.
 */

/** Room for any message that a person wants to read; enough for OpenSSL's. */
const LONGEST = 500;

/**
 * Control characters (C0 with ESC, DEL, C1), the two line separators of Unicode, and what turns the direction of
 * writing: in a terminal or a log each could forge a line or hide one. JSON.stringify leaves some of them as they are.
 */
const unsafe = (): RegExp => /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The text in one line: line breaks and the blanks around them become one blank, other control characters `\x1b`.
 *
 * @param most the longest text that is left whole; default 500 characters. What is cut ends in `… (4096 characters)`
 */
export function oneLine(text: string, most: number = LONGEST): string {
  // Cut first: all that follows is then bounded, whatever was sent. Escapes may make it four times as long.
  const lines = text.slice(0, most).split(/[\r\n\u2028\u2029]/);
  const line = lines.map((part) => part.trim()).filter((part) => part !== '');
  return `${visible(line.join(' '))}${text.length > most ? `… (${text.length} characters)` : ''}`;
}

/** The text with `\x1b` or `\u2028` for each character that could do harm. */
export function visible(text: string): string {
  return text.replace(unsafe(), (found) => `${found > '\xff' ? '\\u' : '\\x'}${code(found)}`);
}

/** The value as one line of JSON, which a terminal may be shown. */
export function jsonLine(value: object): string {
  return JSON.stringify(value).replace(unsafe(), (found) => `\\u${code(found).padStart(4, '0')}`);
}

const code = (character: string): string => character.charCodeAt(0).toString(16).padStart(2, '0');
