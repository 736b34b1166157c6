/**
 * Where a server listens: `127.0.0.1:50050`, `[::1]:50051`, `:50052` (which
 * is `[::]:50052`) or `unix:path`, written as gRPC writes targets and peers.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { experimental } from '@grpc/grpc-js';

/** The three addresses of grpc-go's example: IPv4 and IPv6 only, on the loopback, and every address of both. */
export const DEFAULT_ADDRESSES: readonly string[] = ['127.0.0.1:50050', '[::1]:50051', '[::]:50052'];

/** What {@link parseListenAddress} takes, for messages. */
export const ADDRESS_FORMS = '127.0.0.1:50050, [::1]:50051, :50052 (every address) or unix:path';

/** The address in the form that grpc-js binds and that this server calls itself; undefined if it is none. */
export function parseListenAddress(text: string): string | undefined {
  // `unix://name/path` would name an authority, which means nothing here.
  if (isUnixAddress(text)) return /^unix:(?!\/\/[^/])./.test(text) ? text : undefined;
  const parts = experimental.splitHostPort(text);
  if (parts?.port === undefined || parts.port > 65_535) return undefined;
  if (parts.host === '') return `[::]:${parts.port}`;
  if (isIPv4(parts.host)) return `${parts.host}:${parts.port}`;
  return text.startsWith('[') && isIPv6(parts.host) ? `[${parts.host}]:${parts.port}` : undefined;
}

/** True if the system is to choose the port. */
export function takesFreePort(address: string): boolean {
  return !isUnixAddress(address) && address.endsWith(':0');
}

/** The address with the port that was really bound. */
export function withBoundPort(address: string, port: number): string {
  return isUnixAddress(address) ? address : address.replace(/:\d+$/, `:${port}`);
}

export function isUnixAddress(address: string): boolean {
  return address.startsWith('unix:');
}
