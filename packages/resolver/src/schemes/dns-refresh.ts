/**
 * The resolver of `dns+refresh:` targets: each address is an endpoint, as with grpc-js's `dns:`, and the name is looked
 * up again every `refreshInterval`, so that servers that were added are found (grpc-node #1663, #2265, #2455).
 */
import { isIP, isIPv6 } from 'node:net';
import { show } from '@petiole/service-config/internal';
import { type ResolverClass, registration } from '../grpc-js/registration.js';
import { NO_BOUND } from '../lookup/bounds.js';
import { DnsError } from '../lookup/dns-error.js';
import { type DnsSession, type Family, type OpenDnsSession, openDnsSession } from '../lookup/dns-session.js';
import { HostAddresses, type HostAnswer } from '../lookup/host-addresses.js';
import { joinNotes, summarize } from '../lookup/notes.js';
import { type Getaddrinfo, getaddrinfo, SystemLookup } from '../lookup/system.js';
import { TxtLookup } from '../lookup/txt.js';
import type { Delivery } from '../resolving/delivery.js';
import { constant } from '../resolving/follower.js';
import { checkOptions, type ResolverOptions } from '../resolving/options.js';
import { type Look, type Lookup, Polling } from '../resolving/polling.js';
import type { Resolution } from '../resolving/resolution.js';
import { withoutRootDot } from '../target/authority.js';
import {
  DNS_REFRESH_SCHEME,
  type DnsRefreshTarget,
  dnsRefreshAuthority,
  parseDnsRefreshTarget,
} from '../target/dns-target.js';
import { assertOptions } from '../target/objects.js';
import { schemeResolver } from './scheme.js';

/** Options of {@link registerRefreshingDnsResolver}. */
export interface DnsRefreshOptions
  extends Pick<ResolverOptions, 'refreshInterval' | 'deadline' | 'maxEndpoints'> {
  /**
   * Which addresses become endpoints. Default `both`: a dual-stack headless service then counts each pod twice,
   * because DNS does not say which addresses belong together; choose one family, or `srv:`.
   */
  readonly families?: 'both' | 'ipv6' | 'ipv4';
}

const FAMILIES: Readonly<Record<NonNullable<DnsRefreshOptions['families']>, readonly Family[]>> = {
  both: [6, 4],
  ipv6: [6],
  ipv4: [4],
};

/** Where the look-ups go; tests bring their own. */
interface DnsRefreshLookups {
  readonly open: OpenDnsSession;
  readonly ask: Getaddrinfo;
  /** Milliseconds that addresses wait for the service config. */
  readonly grace?: number;
}

function lookUp(
  { host, port, dnsServer }: DnsRefreshTarget,
  families: readonly Family[],
  deadline: number,
  { ask, grace, ...lookups }: DnsRefreshLookups,
  { channelOptions, trace }: Delivery,
): Lookup {
  const open = (signal: AbortSignal): DnsSession => lookups.open(dnsServer, deadline, signal);
  const hosts = new HostAddresses(families, NO_BOUND); // its addresses are endpoints, and bounded as such
  const system = new SystemLookup(ask);
  const txt = new TxtLookup(withoutRootDot(host), channelOptions, { open, deadline, trace, grace });

  /** With a DNS server in the target, DNS; otherwise the system's resolver, as `dns:` does. */
  const find = async (signal: AbortSignal): Promise<Pick<HostAnswer, 'addresses' | 'failures'>> => {
    if (dnsServer !== undefined) return hosts.lookup(host, open(signal));
    const found = await system.lookup(host, signal);
    const addresses = found.filter((address) => families.includes(isIPv6(address) ? 6 : 4));
    if (addresses.length > 0) return { addresses, failures: [] };
    throw new DnsError('ENODATA', families.includes(6) ? 'AAAA' : 'A', host);
  };

  return {
    async resolve({ signal }: Look): Promise<Resolution> {
      txt.start();
      const { addresses, failures } = await find(signal);
      if (addresses.length === 0) throw new Error(summarize(failures));
      const { serviceConfig, note } = await txt.settle(signal);
      return {
        endpoints: addresses.map((address) => ({ addresses: [{ host: address, port }] })),
        serviceConfig,
        note: joinNotes(summarize(failures), note),
        incomplete: failures.length > 0,
      };
    },
    stop: () => txt.stop(),
  };
}

export function createDnsRefreshResolverClass(
  options: DnsRefreshOptions = {},
  lookups: DnsRefreshLookups = { open: openDnsSession, ask: getaddrinfo },
): ResolverClass {
  assertOptions(options, 'registerRefreshingDnsResolver: its options', [
    'refreshInterval',
    'deadline',
    'maxEndpoints',
    'families',
  ]);
  const { families = 'both', ...polling } = options;
  const checked = checkOptions(polling);
  if (typeof families !== 'string' || !Object.hasOwn(FAMILIES, families)) {
    throw new RangeError(`families must be 'both', 'ipv6' or 'ipv4', got ${show(families)}`);
  }
  return schemeResolver({
    name: DNS_REFRESH_SCHEME,
    tracer: 'dns_refresh_resolver',
    parse: parseDnsRefreshTarget,
    authority: dnsRefreshAuthority,
    open: (target, channel) => {
      const { host, port } = target;
      if (isIP(host) === 0) {
        const lookup = lookUp(target, FAMILIES[families], checked.deadline, lookups, channel);
        return new Polling(lookup, checked, channel);
      }
      const endpoints = [{ addresses: [{ host, port }] }];
      return constant({ kind: 'endpoints', endpoints, serviceConfig: null, note: '' }, channel);
    },
  });
}

/**
 * Registers the `dns+refresh:` scheme with grpc-js; call it before the channel is made. Idempotent; a later call with
 * options gives them to the channels made from then on.
 * @throws {RangeError} on options out of range, TypeError on others.
 */
export const registerRefreshingDnsResolver: (options?: DnsRefreshOptions) => void = registration(
  DNS_REFRESH_SCHEME,
  createDnsRefreshResolverClass,
);
