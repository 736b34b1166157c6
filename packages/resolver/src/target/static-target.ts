/**
 * The grammar of `static:` targets, in both directions:
 *
 *     static:[//SERVER_NAME/]ENDPOINT[,ENDPOINT…]      ENDPOINT = ADDRESS[+ADDRESS…]
 */
import { isIP } from 'node:net';
import type { experimental } from '@grpc/grpc-js';
import {
  addressName,
  attributesOf,
  endpointKey,
  endpointName,
  quote,
  withoutRepetition,
} from '@petiole/service-config/internal';
import { type HostAddress, parseAddress } from './address.js';
import { authorityOf, authorityPart, checkAuthority } from './authority.js';
import { type EndpointInput, type SubchannelAddress, toEndpoints } from './endpoint.js';
import { TargetError } from './error.js';
import { expectRegistration } from './missing-registration.js';
import { assertOptions } from './objects.js';

export const STATIC_SCHEME = 'static';

/** What a `static:` target says: hosts may still be names. */
export interface StaticTarget {
  /** What TLS verifies; undefined when the target leaves it to the first host. */
  readonly serverName: string | undefined;
  /** In the target's order, without duplicates, never empty; each with at least one address. */
  readonly endpoints: ReadonlyArray<{ addresses: HostAddress[] }>;
}

/** Options of {@link staticTarget}. */
export interface StaticTargetOptions {
  /** The name that TLS verifies, `host` or `host:port`. Default: the first endpoint's first host. */
  readonly serverName?: string;
}

/**
 * Builds a `static:` target from endpoints: the exact inverse of parsing one. As there, an address that an
 * endpoint has twice, and an endpoint that is there twice, count once. It needs no registration, but the target does: an
 * ERROR line on the next turn of the event loop says so, once, where there is none by then.
 * @example staticTarget(['[::1]:50051+127.0.0.1:50051', { addresses: [{ host: 'echo-2', port: 50051 }] }])
 * @throws {TargetError} on no endpoints, an address that the grammar cannot hold (Unix sockets), or a bad server name;
 *   TypeError on other options.
 */
export function staticTarget(endpoints: readonly EndpointInput[], options: StaticTargetOptions = {}): string {
  assertOptions(options, 'staticTarget: its options', ['serverName']);
  const list = toEndpoints(endpoints);
  const known = list.find((endpoint) => Object.keys(attributesOf(endpoint)).length > 0);
  if (known !== undefined) {
    throw new TargetError(
      `staticTarget: a static: target cannot hold attributes, as ${endpointName(known)} has: registerStaticResolver({ endpoints }) can`,
    );
  }
  if (list.length === 0) throw new TargetError('staticTarget: endpoints must hold at least one endpoint');
  const written = list.map(({ addresses }) => addresses.map(writeAddress).join('+'));
  const { serverName } = options;
  const server = serverName === undefined ? '' : `//${checkAuthority(serverName)}/`;
  const path = written.join(',');
  if (server === '') checkAuthority(staticAuthority({ scheme: STATIC_SCHEME, path }));
  expectRegistration(STATIC_SCHEME, 'staticTarget');
  return `${STATIC_SCHEME}:${server}${path}`;
}

function writeAddress(address: SubchannelAddress): string {
  if ('port' in address) return addressName(address);
  throw new TargetError(`staticTarget: a static: target cannot hold the Unix socket ${quote(address.path)}`);
}

/**
 * Reads what grpc-js's URI parser made of a `static:` target.
 * @throws {TargetError} that quotes the part that is wrong.
 */
export function parseStaticTarget(target: experimental.GrpcUri): StaticTarget {
  const written = authorityPart(
    target,
    'a server name and no endpoint; it goes on after a slash, as in static://server.name/192.0.2.1:443',
  );
  const serverName = written === '' ? undefined : checkAuthority(written);
  const endpoints = splitPath(target.path);
  const first = endpoints[0]?.addresses[0];
  if (serverName === undefined && first !== undefined) checkAuthority(authorityOf(first));
  return { serverName, endpoints };
}

/** The host names of a target, which have to be looked up. */
export function hostNames({ endpoints }: StaticTarget): ReadonlySet<string> {
  const hosts = endpoints.flatMap(({ addresses }) => addresses.map(({ host }) => host));
  return new Set(hosts.filter((host) => isIP(host) === 0));
}

/**
 * The authority of a `static:` target. Reads no more than the first address: it is asked for with every connection
 * (fact R10), and a target may be half a megabyte.
 * @throws {TargetError}
 */
export function staticAuthority({ authority, path }: experimental.GrpcUri): string {
  return authority || authorityOf(parseAddress(path.slice(0, endOfAddress(path, 0))));
}

/** Each once, the first of its kind in its place: `pick_first` may wait for ever on an address that is there twice (fact R13). */
function splitPath(path: string): StaticTarget['endpoints'] {
  const endpoints = new Map<string, { addresses: HostAddress[] }>();
  let addresses: HostAddress[] = [];
  for (let start = 0; start <= path.length; ) {
    const end = endOfAddress(path, start);
    addresses.push(readAddress(path, start, end));
    if (path[end] !== '+') {
      const key = endpointKey({ addresses });
      if (!endpoints.has(key)) endpoints.set(key, { addresses: [...withoutRepetition(addresses)] });
      addresses = [];
    }
    start = end + 1;
  }
  return [...endpoints.values()];
}

function readAddress(path: string, start: number, end: number): HostAddress {
  if (start === end) {
    const place =
      start === 0
        ? `before ${quote(path.slice(0, 40))}`
        : `after ${quote(path.slice(Math.max(0, start - 40), start))}`;
    throw new TargetError(`an address is empty ${place}`);
  }
  return parseAddress(path.slice(start, end));
}

/** The index of the `+` or `,` outside brackets that ends the address at `start`, or the length of the path. */
function endOfAddress(path: string, start: number): number {
  for (let index = start; index < path.length; index += 1) {
    const character = path[index];
    if (character === '+' || character === ',') return index;
    if (character === '[') {
      const close = path.indexOf(']', index);
      if (close < 0) return path.length;
      index = close;
    }
  }
  return path.length;
}
