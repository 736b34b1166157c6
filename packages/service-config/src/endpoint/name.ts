/** How messages, events and targets write an endpoint. For people: different endpoints may have the same name. */
import type { experimental } from '@grpc/grpc-js';
import { oneLine } from '../text/one-line.js';

type Address = experimental.SubchannelAddress;

/** `[::1]:50051+127.0.0.1:50051`: all addresses in their order. */
export function endpointName({ addresses }: { readonly addresses: readonly Address[] }): string {
  return addresses.map(addressName).join('+');
}

/** `[::1]:50051`, `127.0.0.1:50051`, or the path of a Unix socket in one line; the port always stands. */
export function addressName(address: Address): string {
  if (!('port' in address)) return oneLine(address.path);
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
