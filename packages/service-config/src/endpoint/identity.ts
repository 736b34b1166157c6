/**
 * What an endpoint is known by: its set of addresses, in any order and with any repetition (gRFC A61). Addresses are
 * compared as data. Their text is no identity: the path of a Unix socket may hold anything, also what looks like a host
 * and a port.
 */
import type { experimental } from '@grpc/grpc-js';

type Address = experimental.SubchannelAddress;

interface Endpoint {
  readonly addresses: readonly Address[];
}

/** A text that no other address has. */
export function addressKey(address: Address): string {
  return 'port' in address ? `tcp ${address.port} ${address.host}` : `unix ${address.path}`;
}

/** Of lists of addresses that nobody can change, as resolvers that push hand the same ones over again and again. */
const keysOfFrozen = new WeakMap<readonly Address[], string>();

/** A text that no other set of addresses has. */
export function endpointKey({ addresses }: Endpoint): string {
  const [only] = addresses;
  if (only !== undefined && addresses.length === 1) return addressKey(only);
  if (!Object.isFrozen(addresses)) return keyOf(addresses);
  const key = keysOfFrozen.get(addresses) ?? keyOf(addresses);
  keysOfFrozen.set(addresses, key);
  return key;
}

function keyOf(addresses: readonly Address[]): string {
  const [first = '', ...others] = new Set(addresses.map(addressKey));
  // No key of one address begins with "[".
  return others.length === 0 ? first : JSON.stringify([first, ...others].sort());
}

/** True if both have the same addresses in the same order. */
export function sameAddresses({ addresses: a }: Endpoint, { addresses: b }: Endpoint): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameAddress(a[i] as Address, b[i] as Address)) return false;
  return true;
}

function sameAddress(a: Address, b: Address): boolean {
  if (a === b) return true;
  if ('port' in a) return 'port' in b && a.port === b.port && a.host === b.host;
  return !('port' in b) && a.path === b.path;
}

/** Each address once, the first of its kind in its place; the array itself if it repeats nothing. */
export function withoutRepetition<Kind extends Address>(addresses: readonly Kind[]): readonly Kind[] {
  if (addresses.length < 2) return addresses;
  const seen = new Set<string>();
  const once = addresses.filter((address) => seen.size < seen.add(addressKey(address)).size);
  return once.length === addresses.length ? addresses : once;
}
