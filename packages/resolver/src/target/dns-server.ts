/**
 * The `DNS_SERVER[:PORT]` of a target: an IP literal, IPv6 in brackets, port 53 unless given.
 * Validated before Node sees it: `setServers` with port 0 aborts the process on Node 22.
 */
import { Resolver } from 'node:dns';
import { isIP } from 'node:net';
import { addressName, messageOf, quote } from '@petiole/service-config/internal';
import { parseAddress } from './address.js';
import { TargetError } from './error.js';

const DNS_PORT = 53;

/**
 * Returns the server in the form that `dns.Resolver.setServers` takes.
 * @throws {TargetError}
 */
export function parseDnsServer(text: string): string {
  const hasPort = text.startsWith('[') ? !text.endsWith(']') : text.includes(':');
  let host: string;
  let port: number;
  try {
    ({ host, port } = parseAddress(text));
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    throw new TargetError(`DNS server ${quote(text)}: ${error.message}`);
  }
  if (isIP(host) === 0) {
    throw new TargetError(
      `DNS server ${quote(text)} must be an IP address; a name would have to be looked up itself`,
    );
  }
  if (host.includes('%')) {
    throw new TargetError(`DNS server ${quote(text)} has a zone id, which Node's DNS resolver drops`);
  }
  const server = addressName({ host, port: hasPort ? port : DNS_PORT });
  try {
    new Resolver().setServers([server]);
  } catch (error) {
    throw new TargetError(`DNS server ${quote(text)}: ${messageOf(error)}`);
  }
  return server;
}
