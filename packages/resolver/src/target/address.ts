/**
 * One address of a target: `192.0.2.1:443`, `[2001:db8::1]:443`, `[fe80::1%eth0]:443`, `host.example:443`.
 * IPv6 stands in brackets; the port may be left out and is then 443, as everywhere in grpc-js.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { quote } from '@petiole/service-config/internal';
import { TargetError } from './error.js';

/** A host (an IP address, or a name still to be looked up) and a port from 1 to 65535. */
export interface HostAddress {
  readonly host: string;
  readonly port: number;
}

/** The port of an address that has none (grpc-js, resolver-dns.ts). */
export const DEFAULT_PORT = 443;

/**
 * Reads one address.
 * @throws {TargetError} that quotes the part that is wrong and says what is allowed.
 */
export function parseAddress(text: string): HostAddress {
  if (text === '') throw new TargetError('an address is empty');
  refuseBlanks(text);
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    if (end < 0) throw new TargetError(`${quote(text)} lacks the closing "]"`);
    const host = text.slice(1, end);
    if (!isIPv6Host(host)) throw new TargetError(`${quote(text)} has no IPv6 address between its brackets`);
    const rest = text.slice(end + 1);
    if (rest === '') return { host, port: DEFAULT_PORT };
    if (!rest.startsWith(':'))
      throw new TargetError(`${quote(text)} has ${quote(rest)} after "]", not a port`);
    return { host, port: parsePort(rest.slice(1), text) };
  }
  const colon = text.indexOf(':');
  if (colon < 0) return { host: checkHost(text), port: DEFAULT_PORT };
  if (text.indexOf(':', colon + 1) >= 0) {
    throw new TargetError(
      `${quote(text)} has several colons; an IPv6 address stands in brackets, as in "[::1]:443", no address has a scheme, and "," separates endpoints`,
    );
  }
  return { host: checkHost(text.slice(0, colon)), port: parsePort(text.slice(colon + 1), text) };
}

function parsePort(text: string, within: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= 1 && port <= 65_535)) {
    throw new TargetError(`${quote(within)} has port ${quote(text)}; a port is an integer from 1 to 65535`);
  }
  return port;
}

/**
 * Returns the IPv4 address or host name unchanged, or throws.
 * The system's `getaddrinfo` reads names that end in a number as IPv4 addresses (`50051` is 0.0.195.131 to it).
 */
export function checkHost(host: string): string {
  if (isIPv4(host)) return host;
  if (host === '') throw new TargetError('a host name is empty');
  if (host === 'undefined' || host === 'null')
    throw new TargetError(`${quote(host)} is what an unset variable gives, and no host name`);
  refuseBlanks(host);
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  if (name.length > 253)
    throw new TargetError(`${quote(host)} is longer than the 253 characters of a host name`);
  const labels = name.split('.');
  for (const label of labels) {
    if (!/^[A-Za-z0-9_-]{1,63}$/.test(label)) {
      throw new TargetError(
        `${quote(host)} is no host name: a label is 1 to 63 letters, digits, "-" or "_" (names in other scripts as xn--…)`,
      );
    }
  }
  const last = labels.at(-1) ?? '';
  if (/^(?:\d+|0[xX][0-9A-Fa-f]*)$/.test(last)) {
    throw new TargetError(
      `${quote(host)} is neither an IPv4 address nor a host name: its last label is a number`,
    );
  }
  return host;
}

/** With a zone id that is a name, where one is: some versions of Node take any text for it. */
export function isIPv6Host(host: string): boolean {
  return isIPv6(host) && /^[^%]+(?:%[\w.:~-]{1,64})?$/.test(host);
}

function refuseBlanks(text: string): void {
  if (/\s/.test(text))
    throw new TargetError(`${quote(text)} has a blank; a target has none, not even after ","`);
}
