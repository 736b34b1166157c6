/**
 * The resolver of `dns+refresh:` targets: each address is an endpoint, as with grpc-js's `dns:`, and the name is looked
 * up again every `refreshInterval`, so that servers that were added are found (grpc-node #1663, #2265, #2455).
 */

import { isIP, isIPv6 } from 'node:net';
import { show } from '@petiole/service-config/internal';
import type { ResolverClass } from '../grpc-js/resolver-class.js';
import { NO_BOUND } from '../lookup/bounds.js';
import { DnsError } from '../lookup/dns-error.js';
import { type DnsSession, type Family, type OpenDnsSession, openDnsSession } from '../lookup/dns-session.js';
import { HostAddresses } from '../lookup/host-addresses.js';
import { joinNotes, summarize } from '../lookup/notes.js';
import { type Getaddrinfo, getaddrinfo, SystemLookup } from '../lookup/system.js';
import { TxtLookup } from '../lookup/txt.js';
import { checkOptions, type ResolverOptions } from '../resolving/options.js';
import type { Look, Lookup } from '../resolving/polling.js';
import type { Resolution } from '../resolving/resolution.js';
import { withoutRootDot } from '../target/authority.js';
import {
  DNS_REFRESH_SCHEME,
  type DnsRefreshTarget,
  dnsRefreshAuthority,
  parseDnsRefreshTarget,
} from '../target/dns.js';
import { assertOptions } from '../target/objects.js';
import { registration } from './registration.js';
import { type ChannelOfScheme, schemeResolver } from './scheme.js';

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

class DnsRefreshLookup implements Lookup {
  readonly #target: DnsRefreshTarget;
  readonly #families: readonly Family[];
  readonly #open: (signal: AbortSignal) => DnsSession;
  readonly #hosts: HostAddresses;
  readonly #system: SystemLookup;
  readonly #txt: TxtLookup;

  constructor(
    target: DnsRefreshTarget,
    families: readonly Family[],
    deadline: number,
    { open, ask, grace }: DnsRefreshLookups,
    { channelOptions, trace }: ChannelOfScheme,
  ) {
    this.#target = target;
    this.#families = families;
    this.#open = (signal) => open(target.dnsServer, deadline, signal);
    this.#hosts = new HostAddresses(families, NO_BOUND); // its addresses are endpoints, and bounded as such
    this.#system = new SystemLookup(ask);
    const surroundings = { open: this.#open, deadline, trace, grace };
    this.#txt = new TxtLookup(withoutRootDot(target.host), channelOptions, surroundings);
  }

  async resolve({ signal }: Look): Promise<Resolution> {
    this.#txt.start();
    const { addresses, failures } = await this.#addresses(signal);
    if (addresses.length === 0) throw new Error(summarize(failures));
    const { serviceConfig, note } = await this.#txt.settle(signal);
    return {
      endpoints: addresses.map((host) => ({ addresses: [{ host, port: this.#target.port }] })),
      serviceConfig,
      note: joinNotes(summarize(failures), note),
      incomplete: failures.length > 0,
    };
  }

  stop(): void {
    this.#txt.stop();
  }

  /** With a DNS server in the target, DNS; otherwise the system's resolver, as `dns:` does. */
  async #addresses(
    signal: AbortSignal,
  ): Promise<{ addresses: readonly string[]; failures: readonly string[] }> {
    const { host, dnsServer } = this.#target;
    if (dnsServer !== undefined) return this.#hosts.lookup(host, this.#open(signal));
    const found = await this.#system.lookup(host, signal);
    const addresses = found.filter((address) => this.#families.includes(isIPv6(address) ? 6 : 4));
    if (addresses.length === 0)
      throw new DnsError('ENODATA', this.#families.includes(6) ? 'AAAA' : 'A', host);
    return { addresses, failures: [] };
  }
}

/** Makes the class that grpc-js is given. */
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
    options: checked,
    parse: parseDnsRefreshTarget,
    authority: dnsRefreshAuthority,
    open: (target, channel) =>
      isIP(target.host) === 0
        ? new DnsRefreshLookup(target, FAMILIES[families], checked.deadline, lookups, channel)
        : { endpoints: [{ addresses: [{ host: target.host, port: target.port }] }] },
  });
}

const register = registration(DNS_REFRESH_SCHEME, createDnsRefreshResolverClass);

/**
 * Registers the `dns+refresh:` scheme with grpc-js; call it before the channel is made. Idempotent; a later call with
 * options gives them to the channels made from then on.
 * @throws {RangeError} on options out of range, TypeError on others.
 */
export function registerRefreshingDnsResolver(options?: DnsRefreshOptions): void {
  register(options);
}
