/**
 * What is wrong with a target, in one line that quotes the bad part.
 * Resolvers turn it into a status; `staticTarget` and `parseTarget` throw it.
 */

export class TargetError extends Error {
  override readonly name = 'TargetError';
}

const LONGEST_QUOTE = 80;

/** Quotes untrusted text for a message: control characters escaped, at most 80 characters of it. */
export function quote(text: string): string {
  return text.length > LONGEST_QUOTE
    ? `${JSON.stringify(text.slice(0, LONGEST_QUOTE))}… (${text.length} characters)`
    : JSON.stringify(text);
}
