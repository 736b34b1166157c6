/**
 * The grammars of the two DNS schemes:
 *
 *     srv:[//DNS_SERVER[:PORT]/]_service._proto.NAME
 *     dns+refresh:[//DNS_SERVER[:PORT]/]HOST[:PORT]
 */

import { isIP } from 'node:net';
import type { experimental } from '@grpc/grpc-js';
import { quote } from '@petiole/service-config/internal';
import { checkHost, type HostAddress, parseAddress } from './address.js';
import { authorityOf, checkAuthority, FALLBACK_AUTHORITY, withoutRootDot } from './authority.js';
import { parseDnsServer } from './dns-server.js';
import { refusePassword, TargetError } from './error.js';

/** The scheme of SRV targets (RFC 2782). */
export const SRV_SCHEME = 'srv';

/** The scheme of DNS targets that are looked up again. */
export const DNS_REFRESH_SCHEME = 'dns+refresh';

/** What an `srv:` target says. */
export interface SrvTarget {
  /** `IP:PORT` as `dns.setServers` takes it; undefined: the system's DNS servers. */
  readonly dnsServer: string | undefined;
  /** The whole name that is asked for, `_grpc._tcp.echo.example`. */
  readonly service: string;
  /** That without `_service._proto.`: what TLS verifies and where the service config stands. */
  readonly name: string;
}

/** What a `dns+refresh:` target says; the host may be an IP address. */
export interface DnsRefreshTarget extends HostAddress {
  readonly dnsServer: string | undefined;
}

/** @throws {TargetError} that quotes the part that is wrong. */
export function parseSrvTarget(target: experimental.GrpcUri): SrvTarget {
  const dnsServer = readDnsServer(target);
  const match = /^_[A-Za-z0-9-]{1,62}\._[A-Za-z0-9-]{1,62}\.(?<name>.+)$/.exec(target.path);
  const name = match?.groups?.name;
  if (name === undefined) {
    throw new TargetError(
      `${quote(target.path)} must be _service._proto.NAME, as in _grpc._tcp.echo.example`,
    );
  }
  checkHost(name);
  if (isIP(name) !== 0) throw new TargetError(`${quote(target.path)} has an IP address where a name belongs`);
  if (target.path.length > 253) throw new TargetError(`${quote(target.path)} is longer than a DNS name`);
  checkAuthority(withoutRootDot(name));
  return { dnsServer, service: target.path, name: withoutRootDot(name) };
}

/** @throws {TargetError} that quotes the part that is wrong. */
export function parseDnsRefreshTarget(target: experimental.GrpcUri): DnsRefreshTarget {
  const dnsServer = readDnsServer(target);
  const address = parseAddress(target.path);
  checkAuthority(authorityOf(address));
  return { dnsServer, ...address };
}

/** The authority of an `srv:` target. Never throws. */
export function srvAuthority(target: experimental.GrpcUri): string {
  const [service, proto, ...name] = target.path.slice(0, 256).split('.');
  const authority = withoutRootDot(name.join('.'));
  return service?.startsWith('_') && proto?.startsWith('_') && authority !== ''
    ? authority
    : FALLBACK_AUTHORITY;
}

/** The authority of a `dns+refresh:` target. Never throws. */
export function dnsRefreshAuthority(target: experimental.GrpcUri): string {
  try {
    return authorityOf(parseAddress(target.path));
  } catch {
    return FALLBACK_AUTHORITY; // the resolver reports what is wrong
  }
}

function readDnsServer(target: experimental.GrpcUri): string | undefined {
  refusePassword(target);
  if (target.authority === undefined && target.path.startsWith('//')) {
    throw new TargetError(
      `${quote(target.path)} has a DNS server and no name; the name goes on after a slash`,
    );
  }
  return target.authority ? parseDnsServer(target.authority) : undefined;
}
