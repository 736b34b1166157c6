/**
 * The authority of a target: the name that TLS verifies and the default `:authority` header.
 * It is checked before any connection: one that no URL can hold leaks a socket on every attempt (fact R12).
 */
import { experimental } from '@grpc/grpc-js';
import { addressName, quote, show, withoutPassword } from '@petiole/service-config/internal';
import { DEFAULT_PORT, type HostAddress, parseAddress } from './address.js';
import { readAt, TargetError } from './error.js';

/** The authority where a target has none that could be used; such a channel never connects. */
export const FALLBACK_AUTHORITY = 'localhost';

/**
 * Returns a server name, `host` or `host:port`, unchanged.
 * @throws {TargetError} when it is not a host name or IP address, has a zone id, or no URL can hold it.
 */
export function checkAuthority(authority: string): string {
  if (typeof authority !== 'string') {
    throw new TargetError(`server name ${show(authority)} is no string`);
  }
  const name = `server name ${quote(authority)}`;
  const { host } = readAt(name, () => parseAddress(authority));
  if (host.includes('%')) throw new TargetError(`${name} has a zone id, which no certificate can carry`);
  if (!URL.canParse(`https://${authority}`)) throw new TargetError(`${name} is not valid in a URL`);
  return authority;
}

/**
 * The authority that stands for an address: its host without zone id and root dot, which certificates do not know, and
 * its port unless that is the default.
 */
export function authorityOf(address: HostAddress): string {
  const zone = address.host.indexOf('%');
  const host = withoutRootDot(zone < 0 ? address.host : address.host.slice(0, zone));
  if (address.port !== DEFAULT_PORT) return addressName({ host, port: address.port });
  return host.includes(':') ? `[${host}]` : host;
}

export function withoutRootDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/**
 * What stands between `//` and the next slash of a target; empty where there is nothing.
 * @param lonely says what is there when no slash follows, and what is missing.
 * @throws {TargetError} also on a password, before anything quotes the part that it falls into.
 */
export function authorityPart(uri: experimental.GrpcUri, lonely: string): string {
  const target = experimental.uriToString(uri);
  if (withoutPassword(target) !== target) {
    throw new TargetError(`${quote(target)} has a user name and password before "@", and no target has`);
  }
  if (uri.authority === undefined && uri.path.startsWith('//')) {
    throw new TargetError(`${quote(uri.path)} has ${lonely}`);
  }
  return uri.authority ?? '';
}
