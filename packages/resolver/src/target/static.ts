/**
 * The grammar of `static:` targets, in both directions:
 *
 *     static:[//SERVER_NAME/]ENDPOINT[,ENDPOINT…]      ENDPOINT = ADDRESS[+ADDRESS…]
 */
import { isIP } from 'node:net';
import type { experimental } from '@grpc/grpc-js';
import { addressName, quote } from '@petiole/service-config/internal';
import { type HostAddress, parseAddress } from './address.js';
import { authorityOf, checkAuthority, FALLBACK_AUTHORITY } from './authority.js';
import { withoutDuplicates } from './duplicates.js';
import { type EndpointInput, toEndpoints } from './endpoint.js';
import { refusePassword, TargetError } from './error.js';
import { assertOptions } from './objects.js';

/** The scheme of constant targets. */
export const STATIC_SCHEME = 'static';

/** What a `static:` target says: hosts may still be names. */
export interface StaticTarget {
  /** What TLS verifies; undefined when the target leaves it to the first host. */
  readonly serverName: string | undefined;
  /** In the target's order, without duplicates, never empty; each with at least one address. */
  readonly endpoints: ReadonlyArray<{ readonly addresses: readonly HostAddress[] }>;
}

/** Options of {@link staticTarget}. */
export interface StaticTargetOptions {
  /** The name that TLS verifies, `host` or `host:port`. Default: the first endpoint's first host. */
  readonly serverName?: string;
}

/**
 * Builds a `static:` target from endpoints: the exact inverse of parsing one. As there, an address that an
 * endpoint has twice, and an endpoint that is there twice, count once.
 * @example staticTarget(['[::1]:50051+127.0.0.1:50051', { addresses: [{ host: 'echo-2', port: 50051 }] }])
 * @throws {TargetError} on no endpoints, an address that the grammar cannot hold (Unix sockets), or a bad server name;
 *   TypeError on other options.
 */
export function staticTarget(endpoints: readonly EndpointInput[], options: StaticTargetOptions = {}): string {
  assertOptions(options, 'staticTarget: its options', ['serverName']);
  const list = toEndpoints(endpoints);
  if (list.length === 0) throw new TargetError('staticTarget: endpoints must hold at least one endpoint');
  const path = list
    .map((endpoint) =>
      endpoint.addresses
        .map((address) => {
          if ('path' in address) {
            throw new TargetError(
              `staticTarget: a static: target cannot hold the Unix socket ${quote(address.path)}`,
            );
          }
          return addressName(address);
        })
        .join('+'),
    )
    .join(',');
  const server = options.serverName === undefined ? '' : `//${checkAuthority(options.serverName)}/`;
  const first = list[0]?.addresses[0];
  if (server === '' && first !== undefined && !('path' in first)) checkAuthority(authorityOf(first));
  return `${STATIC_SCHEME}:${server}${path}`;
}

/**
 * Reads what grpc-js's URI parser made of a `static:` target.
 * @throws {TargetError} that quotes the part that is wrong.
 */
export function parseStaticTarget(target: experimental.GrpcUri): StaticTarget {
  refusePassword(target);
  if (target.authority === undefined && target.path.startsWith('//')) {
    throw new TargetError(
      `${quote(target.path)} has a server name and no endpoint; it goes on after a slash, as in static://server.name/192.0.2.1:443`,
    );
  }
  const serverName = target.authority ? checkAuthority(target.authority) : undefined;
  const endpoints = splitPath(target.path);
  const first = endpoints[0]?.addresses[0];
  if (serverName === undefined && first !== undefined) checkAuthority(authorityOf(first));
  return { serverName, endpoints };
}

/** The host names of a target, which have to be looked up. */
export function hostNames(target: StaticTarget): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { addresses } of target.endpoints) {
    for (const { host } of addresses) if (isIP(host) === 0) names.add(host);
  }
  return names;
}

/**
 * The authority of a `static:` target. Never throws and reads no more than the first address: it is asked for with
 * every connection (fact R10), and a target may be half a megabyte.
 */
export function staticAuthority(target: experimental.GrpcUri): string {
  if (target.authority) return target.authority;
  try {
    return authorityOf(parseAddress(target.path.slice(0, endOfAddress(target.path, 0))));
  } catch {
    return FALLBACK_AUTHORITY; // the resolver reports what is wrong
  }
}

function splitPath(path: string): Array<{ addresses: HostAddress[] }> {
  const endpoints: Array<{ addresses: HostAddress[] }> = [];
  let addresses: HostAddress[] = [];
  for (let start = 0; start <= path.length; ) {
    const end = endOfAddress(path, start);
    addresses.push(readAddress(path, start, end));
    if (path[end] !== '+') {
      endpoints.push({ addresses });
      addresses = [];
    }
    start = end + 1;
  }
  return withoutDuplicates(endpoints);
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
