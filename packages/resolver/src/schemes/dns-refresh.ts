/**
 * The resolver of `dns+refresh:` targets: each address is an endpoint, as with grpc-js's `dns:`, and the name is looked
 * up again every `refreshInterval`, so that servers that were added are found (grpc-node #1663, #2265, #2455).
 * Registered as `dns` it takes grpc-js's own place, for all clients of the process.
 */
import { isIP, isIPv6 } from 'node:net';
import type { experimental } from '@grpc/grpc-js';
import { readServiceConfig, type ServiceConfigInput } from '@petiole/service-config';
import { show } from '@petiole/service-config/internal';
import { DNS_ASKS_SERVERS, DNS_CONFIG_PREFIX, resolverBeforeTakeOver } from '../grpc-js/dns-scheme.js';
import { type ResolverClass, registration } from '../grpc-js/registration.js';
import { NO_BOUND } from '../lookup/bounds.js';
import { DnsError } from '../lookup/dns-error.js';
import { type DnsSession, type Family, openDnsSession } from '../lookup/dns-session.js';
import { HostAddresses, type HostAnswer } from '../lookup/host-addresses.js';
import { joinNotes, summarize } from '../lookup/notes.js';
import { type Getaddrinfo, getaddrinfo, ipv6First, systemLookup } from '../lookup/system.js';
import { txtLookup } from '../lookup/txt.js';
import type { Delivery } from '../resolving/delivery.js';
import { constant } from '../resolving/follower.js';
import { type CheckedOptions, checkOptions, type ResolverOptions } from '../resolving/options.js';
import { type Look, type Lookup, Polling } from '../resolving/polling.js';
import type { Resolution } from '../resolving/resolution.js';
import { targetOptions } from '../resolving/target-options.js';
import { withoutRootDot } from '../target/authority.js';
import {
  DNS_REFRESH_SCHEME,
  DNS_SCHEME,
  type DnsRefreshTarget,
  dnsAuthority,
  dnsRefreshAuthority,
  parseDnsRefreshTarget,
  parseDnsTarget,
} from '../target/dns-target.js';
import { assertOptions } from '../target/objects.js';
import { type Scheme, schemeResolver } from './scheme.js';
import type { SrvLookups } from './srv.js';

/** Options that a target may have behind its `?`, too: `dns+refresh:echo:50051?families=ipv4`. */
export interface DnsTargetOptions
  extends Pick<ResolverOptions, 'refreshInterval' | 'deadline' | 'maxEndpoints'> {
  /**
   * Which addresses become endpoints. Default `both`: a dual-stack headless service then counts each pod twice,
   * because DNS does not say which addresses belong together; choose one family, or `srv:`.
   */
  readonly families?: 'both' | 'ipv6' | 'ipv4';
}

/** Options of {@link registerRefreshingDnsResolver}. */
export interface DnsRefreshOptions extends DnsTargetOptions {
  /**
   * Default `dns+refresh`. With `dns` this resolver takes the place of grpc-js's own: for targets of that scheme and for
   * those without a scheme, of all clients in the process that use the same copy of grpc-js.
   */
  readonly scheme?: 'dns+refresh' | 'dns';
  /**
   * The service config, proto3 JSON, of channels that have none of their own (`grpc.service_config`) and whose name has
   * none in DNS. Default: none. Its policies are to be registered before.
   */
  readonly serviceConfig?: ServiceConfigInput;
}

const TARGET_OPTIONS = ['refreshInterval', 'deadline', 'maxEndpoints', 'families'] as const;

const FAMILIES: Readonly<Record<NonNullable<DnsTargetOptions['families']>, readonly Family[]>> = {
  both: [6, 4],
  ipv6: [6],
  ipv4: [4],
};

/** What the two schemes do differently. */
interface DnsScheme {
  parse(target: experimental.GrpcUri): DnsRefreshTarget;
  authority(target: experimental.GrpcUri): string;
  /** Whether DNS servers are asked, that of the target or the system's; else `getaddrinfo` is, and the system's for TXT. */
  asksDns(target: DnsRefreshTarget): boolean;
  /** What `getaddrinfo` found, in the order of this scheme. */
  order(addresses: readonly string[]): readonly string[];
  /** Stands before the name, where the service config is looked for; undefined: as gRFC A2 has it. */
  readonly configPrefix?: string;
  /** Makes what takes the targets that we do not read. */
  unread?(): Scheme<unknown>['unread'];
}

const SCHEMES: Readonly<Record<NonNullable<DnsRefreshOptions['scheme']>, DnsScheme>> = {
  'dns+refresh': {
    parse: parseDnsRefreshTarget,
    authority: dnsRefreshAuthority,
    asksDns: ({ dnsServer }) => dnsServer !== undefined,
    order: ipv6First,
  },
  [DNS_SCHEME]: {
    parse: parseDnsTarget,
    authority: dnsAuthority,
    asksDns: () => DNS_ASKS_SERVERS,
    order: (addresses) => addresses,
    configPrefix: DNS_CONFIG_PREFIX,
    // grpc-js reads some that we refuse: port 0 of a server, numbers such as 127.1. It knows of no options.
    unread: () => {
      const Before = resolverBeforeTakeOver();
      return ({ path }) => (path.includes('?') ? undefined : Before);
    },
  },
};

interface DnsRefreshLookups extends SrvLookups {
  readonly ask: Getaddrinfo;
}

interface CheckedDnsOptions extends CheckedOptions {
  readonly families: readonly Family[];
}

function checkDnsOptions({ families = 'both', ...polling }: DnsTargetOptions): CheckedDnsOptions {
  const checked = checkOptions(polling);
  if (typeof families !== 'string' || !Object.hasOwn(FAMILIES, families)) {
    throw new RangeError(`families must be 'both', 'ipv6' or 'ipv4', got ${show(families)}`);
  }
  return { ...checked, families: FAMILIES[families] };
}

/** A target with its own options, and with all of them as they apply. */
export function readDnsTarget(
  uri: experimental.GrpcUri,
  options: DnsTargetOptions = {},
  { parse }: DnsScheme = SCHEMES[DNS_REFRESH_SCHEME],
): { target: DnsRefreshTarget; own: DnsTargetOptions; checked: CheckedDnsOptions } {
  const target = parse(uri);
  const check = (own: DnsTargetOptions): CheckedDnsOptions => checkDnsOptions({ ...options, ...own });
  return { target, ...targetOptions(target.query, TARGET_OPTIONS, check) };
}

function lookUp(
  target: DnsRefreshTarget,
  { asksDns, order, configPrefix }: DnsScheme,
  { families, deadline }: CheckedDnsOptions,
  { ask, grace, ...lookups }: DnsRefreshLookups,
  { channelOptions, trace }: Delivery,
): Lookup {
  const { host, port } = target;
  const viaDns = asksDns(target);
  const server = viaDns ? target.dnsServer : undefined;
  const open = (signal: AbortSignal): DnsSession => lookups.open(server, deadline, signal);
  const hosts = new HostAddresses(families, NO_BOUND); // its addresses are endpoints, and bounded as such
  const lookUpInSystem = systemLookup(ask);
  const surroundings = { open, deadline, trace, grace, prefix: configPrefix };
  const txt = txtLookup(withoutRootDot(host), channelOptions, surroundings);

  const find = async (signal: AbortSignal): Promise<Pick<HostAnswer, 'addresses' | 'failures'>> => {
    if (viaDns) return hosts.lookup(host, open(signal));
    const found = order(await lookUpInSystem(host, signal));
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
  const name = schemeOf(options);
  const { scheme: _, serviceConfig = null, ...polling } = options;
  checkDnsOptions(polling);
  const scheme = SCHEMES[name];
  return schemeResolver({
    name,
    tracer: 'dns_refresh_resolver',
    serviceConfig: serviceConfig === null ? null : readServiceConfig(serviceConfig, 'program'),
    parse: (uri) => readDnsTarget(uri, polling, scheme),
    authority: scheme.authority,
    unread: scheme.unread?.(),
    open: ({ target, checked }, channel) => {
      const { host, port } = target;
      if (isIP(host) === 0) {
        return new Polling(lookUp(target, scheme, checked, lookups, channel), checked, channel);
      }
      const endpoints = [{ addresses: [{ host, port }] }];
      return constant({ kind: 'endpoints', endpoints, serviceConfig: null, note: '' }, channel);
    },
  });
}

function schemeOf(options: DnsRefreshOptions): keyof typeof SCHEMES {
  const names = [...TARGET_OPTIONS, 'scheme', 'serviceConfig'];
  assertOptions(options, 'registerRefreshingDnsResolver: its options', names);
  const { scheme = DNS_REFRESH_SCHEME } = options;
  if (typeof scheme === 'string' && Object.hasOwn(SCHEMES, scheme)) return scheme;
  throw new RangeError(`scheme must be '${DNS_REFRESH_SCHEME}' or '${DNS_SCHEME}', got ${show(scheme)}`);
}

/**
 * Registers the `dns+refresh:` scheme with grpc-js, or takes over `dns:`; call it before the channel is made. Idempotent
 * without options; a call with options gives them to the channels made from then on.
 * @throws {RangeError} on options out of range, {@link ServiceConfigError} on a bad service config or one whose policies
 *   nobody has registered, TypeError on others.
 */
export function registerRefreshingDnsResolver(options?: DnsRefreshOptions): void {
  const scheme = options === undefined ? DNS_REFRESH_SCHEME : schemeOf(options);
  registration(scheme, createDnsRefreshResolverClass)(options);
}
