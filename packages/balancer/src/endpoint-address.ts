/** Endpoints as text: what identifies one, and how messages name it. */
import type { experimental } from '@grpc/grpc-js';
import { experimental as grpc } from '@grpc/grpc-js';

type Endpoint = experimental.Endpoint;
type Address = experimental.SubchannelAddress;

/** `[::1]:50051+127.0.0.1:50051`: all addresses of an endpoint in their order, as `static:` targets write it. */
export function endpointName(endpoint: Endpoint): string {
  return endpoint.addresses.map(grpc.subchannelAddressToString).join('+');
}

/**
 * The identity of an endpoint: its set of addresses, in any order and with any
 * repetition (gRFC A61 matches endpoints across updates by it).
 */
export function endpointKey(endpoint: Endpoint): string {
  const [first] = endpoint.addresses;
  if (first !== undefined && endpoint.addresses.length === 1) return addressKey(first);
  return [...new Set(endpoint.addresses.map(addressKey))].sort().join(' ');
}

/** The endpoint with each address once: pick_first never fails one that it has twice. */
export function withoutRepetition(endpoint: Endpoint): Endpoint {
  const { addresses } = endpoint;
  if (addresses.length === 1) return endpoint;
  const byKey = new Map(addresses.map((address) => [addressKey(address), address]));
  return byKey.size === addresses.length ? endpoint : { addresses: [...byKey.values()] };
}

/** True if both have the same addresses in the same order: nothing to tell the child. */
export function sameAddresses(a: Endpoint, b: Endpoint): boolean {
  if (a === b || a.addresses === b.addresses) return true;
  if (a.addresses.length !== b.addresses.length) return false;
  for (let i = 0; i < a.addresses.length; i++) {
    if (!sameAddress(a.addresses[i] as Address, b.addresses[i] as Address)) return false;
  }
  return true;
}

function sameAddress(a: Address, b: Address): boolean {
  if (a === b) return true;
  if ('port' in a) return 'port' in b && a.port === b.port && a.host === b.host;
  return !('port' in b) && a.path === b.path;
}

function addressKey(address: Address): string {
  return 'port' in address ? `${address.host} ${address.port}` : `unix ${address.path}`;
}
