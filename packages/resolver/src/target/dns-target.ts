/**
 * The grammars of the DNS schemes:
 *
 *     srv:[//DNS_SERVER[:PORT]/]_service._proto.NAME[?OPTIONS]
 *     dns+refresh:[//DNS_SERVER[:PORT]/]HOST[:PORT][?OPTIONS]
 *     dns:, taken over: as dns+refresh:, and what else grpc-js's own resolver reads
 */
import { isIP, isIPv6 } from 'node:net';
import type { experimental } from '@grpc/grpc-js';
import { addressName, quote } from '@petiole/service-config/internal';
import { checkHost, type HostAddress, parseAddress } from './address.js';
import {
  authorityOf,
  authorityPart,
  checkAuthority,
  FALLBACK_AUTHORITY,
  withoutRootDot,
} from './authority.js';
import { readAt, TargetError } from './error.js';
import { splitQuery } from './query.js';

export const SRV_SCHEME = 'srv';

export const DNS_REFRESH_SCHEME = 'dns+refresh';

/** That of grpc-js, and of targets without a scheme. */
export const DNS_SCHEME = 'dns';

const DNS_PORT = 53;

/** What an `srv:` target says. */
export interface SrvTarget {
  /** `IP:PORT` as `dns.setServers` takes it; undefined: the system's DNS servers. */
  readonly dnsServer: string | undefined;
  /** The whole name that is asked for, `_grpc._tcp.echo.example`. */
  readonly service: string;
  /** That without `_service._proto.`: what TLS verifies and where the service config stands. */
  readonly name: string;
  /** What stands behind the `?`. */
  readonly query: string | undefined;
}

/** What a `dns+refresh:` target says; the host may be an IP address. */
export interface DnsRefreshTarget extends HostAddress {
  readonly dnsServer: string | undefined;
  readonly query: string | undefined;
}

export function parseSrvTarget(target: experimental.GrpcUri): SrvTarget {
  const dnsServer = readDnsServer(target);
  const { path: service, query } = splitQuery(target.path);
  const match = /^_[A-Za-z0-9-]{1,62}\._[A-Za-z0-9-]{1,62}\.(?<name>.+)$/.exec(service);
  const name = match?.groups?.name;
  if (name === undefined) {
    throw new TargetError(`${quote(service)} must be _service._proto.NAME, as in _grpc._tcp.echo.example`);
  }
  checkHost(name);
  if (isIP(name) !== 0) throw new TargetError(`${quote(service)} has an IP address where a name belongs`);
  if (service.length > 253) throw new TargetError(`${quote(service)} is longer than a DNS name`);
  checkAuthority(withoutRootDot(name));
  return { dnsServer, service, name: withoutRootDot(name), query };
}

export function parseDnsRefreshTarget(target: experimental.GrpcUri): DnsRefreshTarget {
  const dnsServer = readDnsServer(target);
  const { path, query } = splitQuery(target.path);
  const address = parseAddress(path);
  checkAuthority(authorityOf(address));
  return { dnsServer, ...address, query };
}

/** As grpc-js reads it: an IPv6 address without a port may stand without brackets. */
export function parseDnsTarget({ authority, path, ...uri }: experimental.GrpcUri): DnsRefreshTarget {
  return parseDnsRefreshTarget({
    ...uri,
    ...(authority !== undefined && { authority: inBrackets(authority) }),
    path: inBrackets(path),
  });
}

/** The name without `_service._proto.`. */
export function srvAuthority(target: experimental.GrpcUri): string {
  const [service, proto, ...name] = splitQuery(target.path).path.slice(0, 256).split('.');
  const authority = withoutRootDot(name.join('.'));
  return service?.startsWith('_') && proto?.startsWith('_') && authority !== ''
    ? authority
    : FALLBACK_AUTHORITY;
}

export function dnsRefreshAuthority(target: experimental.GrpcUri): string {
  return authorityOf(parseAddress(splitQuery(target.path).path));
}

/** The path as it is, as grpc-js has it, but for what no URL can hold: zone ids, and IPv6 without brackets. */
export function dnsAuthority({ path }: experimental.GrpcUri): string {
  return inBrackets(splitQuery(path).path).replace(/%[^\]]*(?=\])/, '');
}

function inBrackets(text: string): string {
  const { path, query } = splitQuery(text);
  return isIPv6(path) ? `[${path}]${query === undefined ? '' : `?${query}`}` : text;
}

function readDnsServer(target: experimental.GrpcUri): string | undefined {
  const text = authorityPart(target, 'a DNS server and no name; the name goes on after a slash');
  if (text === '') return undefined;
  const server = `DNS server ${quote(text)}`;
  const { host, port } = readAt(server, () => parseAddress(text));
  if (isIP(host) === 0) {
    throw new TargetError(`${server} must be an IP address; a name would have to be looked up itself`);
  }
  if (host.includes('%')) throw new TargetError(`${server} has a zone id, which Node's DNS resolver drops`);
  const hasPort = text.startsWith('[') ? !text.endsWith(']') : text.includes(':');
  return addressName({ host, port: hasPort ? port : DNS_PORT });
}
