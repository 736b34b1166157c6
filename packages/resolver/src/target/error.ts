/**
 * What is wrong with a target, in one line that quotes the bad part.
 * Resolvers turn it into a status; `staticTarget` and `parseTarget` throw it.
 */

import { experimental } from '@grpc/grpc-js';
import { quote, withoutPassword } from '@petiole/service-config/internal';

/** Thrown for a bad target, address or server name; the message quotes the part that is wrong. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
}

/** @throws {TargetError} before anything quotes the parts that a password with a "/" or "," falls into. */
export function refusePassword(uri: experimental.GrpcUri): void {
  const target = experimental.uriToString(uri);
  if (withoutPassword(target) === target) return;
  throw new TargetError(`${quote(target)} has a user name and password before "@", and no target has`);
}
