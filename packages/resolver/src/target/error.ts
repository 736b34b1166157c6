/**
 * What is wrong with a target, in one line that quotes the bad part.
 * Resolvers turn it into a status; `staticTarget` and `parseTarget` throw it.
 */
import { experimental } from '@grpc/grpc-js';
import { visible } from '@petiole/service-config/internal';

/** Thrown for a bad target, address or server name; the message quotes the part that is wrong. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
}

const LONGEST_QUOTE = 80;

/** Quotes untrusted text for a message: control characters escaped, at most 80 characters of it, and no password. */
export function quote(text: string): string {
  const shown = withoutPassword(text);
  const quoted = visible(JSON.stringify(shown.slice(0, LONGEST_QUOTE)));
  return shown.length > LONGEST_QUOTE ? `${quoted}… (${text.length} characters)` : quoted;
}

/** A target with `***` for a password: no message and no event may carry one to a log. No good target has an "@". */
export function withoutPassword(target: string): string {
  const at = target.lastIndexOf('@');
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]{0,31}:(?:\/\/|(?=[^@]*:))/.exec(target)?.[0] ?? '';
  const colon = target.indexOf(':', scheme.length);
  return colon < 0 || colon > at ? target : `${target.slice(0, colon)}:***${target.slice(at)}`;
}

/** @throws {TargetError} before anything quotes the parts that a password with a "/" or "," falls into. */
export function refusePassword(uri: experimental.GrpcUri): void {
  const target = experimental.uriToString(uri);
  if (withoutPassword(target) === target) return;
  throw new TargetError(`${quote(target)} has a user name and password before "@", and no target has`);
}
