/**
 * Where the servers listen: the three loopback addresses of grpc-go's
 * example, or what the environment variable ECHO_SERVER_LISTEN names.
 */

/** IPv4 only, IPv6 only, and both. */
export const DEFAULT_ADDRESSES: readonly string[] = ['127.0.0.1:50050', '[::1]:50051', '[::]:50052'];

/** `ECHO_SERVER_LISTEN=127.0.0.1:0,[::1]:0` overrides the default; a port of 0 takes a free one. */
export function listenAddresses(environment: NodeJS.ProcessEnv): readonly string[] {
  const value = environment.ECHO_SERVER_LISTEN;
  if (value === undefined || value.trim() === '') return DEFAULT_ADDRESSES;
  return value.split(',').map((address) => address.trim());
}
