/** How grpc-js splits a target, and what it does with one that it cannot (facts R5 and R6). */
import type { experimental } from '@grpc/grpc-js';

/** The first character of a target that grpc-js throws on; undefined when there is none. */
export function lineBreakIn(target: string): number | undefined {
  return /[\n\r\u2028\u2029]/.exec(target)?.index;
}

/** The parts of a target that begins with this scheme; undefined when grpc-js would hand the whole to `dns:`. */
export function splitTarget(target: string, scheme: string): experimental.GrpcUri | undefined {
  const match = /^(?:\/\/([^/]*)\/)?(.+)$/.exec(target.slice(scheme.length + 1));
  if (match === null) return undefined;
  const [, authority, path = ''] = match;
  return { scheme, path, ...(authority === undefined ? {} : { authority }) };
}
