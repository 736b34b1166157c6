/**
 * The grammars of the two DNS schemes:
 *
 *     srv:[//DNS_SERVER[:PORT]/]_service._proto.NAME
 *     dns+refresh:[//DNS_SERVER[:PORT]/]HOST[:PORT]
 */
import { isIP } from 'node:net';
import type { experimental } from '@grpc/grpc-js';
import { addressName, messageOf, quote } from '@petiole/service-config/internal';
import { checkHost, type HostAddress, parseAddress } from './address.js';
import {
  authorityOf,
  authorityPart,
  checkAuthority,
  FALLBACK_AUTHORITY,
  withoutRootDot,
} from './authority.js';
import { TargetError } from './error.js';

export const SRV_SCHEME = 'srv';

export const DNS_REFRESH_SCHEME = 'dns+refresh';

const DNS_PORT = 53;

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

export function parseDnsRefreshTarget(target: experimental.GrpcUri): DnsRefreshTarget {
  const dnsServer = readDnsServer(target);
  const address = parseAddress(target.path);
  checkAuthority(authorityOf(address));
  return { dnsServer, ...address };
}

/** The name without `_service._proto.`. */
export function srvAuthority(target: experimental.GrpcUri): string {
  const [service, proto, ...name] = target.path.slice(0, 256).split('.');
  const authority = withoutRootDot(name.join('.'));
  return service?.startsWith('_') && proto?.startsWith('_') && authority !== ''
    ? authority
    : FALLBACK_AUTHORITY;
}

export function dnsRefreshAuthority(target: experimental.GrpcUri): string {
  return authorityOf(parseAddress(target.path));
}

function readDnsServer(target: experimental.GrpcUri): string | undefined {
  const text = authorityPart(target, 'a DNS server and no name; the name goes on after a slash');
  if (text === '') return undefined;
  const refuse = (what: string): never => {
    throw new TargetError(`DNS server ${quote(text)}${what}`);
  };
  let address: HostAddress;
  try {
    address = parseAddress(text);
  } catch (error) {
    return refuse(`: ${messageOf(error)}`);
  }
  const { host, port } = address;
  if (isIP(host) === 0) refuse(' must be an IP address; a name would have to be looked up itself');
  if (host.includes('%')) refuse(" has a zone id, which Node's DNS resolver drops");
  const hasPort = text.startsWith('[') ? !text.endsWith(']') : text.includes(':');
  return addressName({ host, port: hasPort ? port : DNS_PORT });
}
