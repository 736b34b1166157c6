/** `grpc.method` (gRFC A66), as in `package.Service/Method`. */

/** @param path with a slash before it, as RPCs have it */
export function methodName(path: string): string {
  return path.replace(/^\//, '');
}
