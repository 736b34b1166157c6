/** `grpc.target` (gRFC A66): the target of a channel with its scheme, so that clients in all languages say the same. */

/** grpc-js adds `dns:` to a target without a scheme, where gRPC in other languages adds `dns:///`. */
export function canonicalTarget(target: string): string {
  return target.replace(/^dns:(?!\/\/)/, 'dns:///');
}
