/**
 * The resolver of `dns+refresh:` targets: each address is an endpoint, as with grpc-js's `dns:`, and the name is looked
 * up again every `refreshInterval`, so that servers that were added are found (grpc-node #1663, #2265, #2455).
 */
import { isIP, isIPv6 } from 'node:net';
import type { ChannelOptions, experimental } from '@grpc/grpc-js';
import { ConstantResolver } from './constant-resolver.js';
import { Delivery } from './delivery.js';
import { DnsError } from './dns-error.js';
import { type DnsSession, type Family, type OpenDnsSession, openDnsSession } from './dns-session.js';
import {
  DNS_REFRESH_SCHEME,
  type DnsRefreshTarget,
  dnsRefreshAuthority,
  parseDnsRefreshTarget,
} from './dns-target.js';
import { HostAddresses } from './host-addresses.js';
import { checkPollingOptions, type PollingOptions } from './polling-options.js';
import { PollingResolver, type ResolutionAttempt } from './polling-resolver.js';
import { describeBadTarget, type ResolverClass, registration } from './registration.js';
import type { Resolution } from './resolution.js';
import { summarize } from './summarize.js';
import { type Getaddrinfo, getaddrinfo, SystemLookup } from './system-lookup.js';
import { type Trace, tracer } from './tracing.js';
import { TxtLookup } from './txt-lookup.js';

/** Options of {@link registerRefreshingDnsResolver}. */
export interface DnsRefreshOptions extends Pick<PollingOptions, 'refreshInterval' | 'deadline'> {
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

interface Lookups {
  readonly open: OpenDnsSession;
  readonly ask: Getaddrinfo;
}

class DnsRefreshPolling extends PollingResolver {
  readonly #target: DnsRefreshTarget;
  readonly #families: readonly Family[];
  readonly #open: (signal: AbortSignal) => DnsSession;
  readonly #hosts: HostAddresses;
  readonly #system: SystemLookup;
  readonly #txt: TxtLookup;

  constructor(
    uri: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    channelOptions: ChannelOptions,
    target: DnsRefreshTarget,
    options: DnsRefreshOptions,
    { open, ask }: Lookups,
  ) {
    super(uri, listener, channelOptions, { ...options, tracer: 'dns_refresh_resolver' });
    this.#target = target;
    this.#families = FAMILIES[options.families ?? 'both'];
    const { deadline } = checkPollingOptions(options);
    const trace: Trace = (text) => this.trace(text);
    this.#open = (signal) => open(target.dnsServer, deadline, signal, trace);
    this.#hosts = new HostAddresses(this.#families);
    this.#system = new SystemLookup(ask);
    this.#txt = new TxtLookup(target.host.replace(/\.$/, ''), channelOptions, {
      open: this.#open,
      deadline,
      trace,
    });
  }

  protected override async resolve({ signal }: ResolutionAttempt): Promise<Resolution> {
    this.#txt.start();
    const { addresses, failures } = await this.#addresses(signal);
    if (addresses.length === 0) throw new Error(summarize(failures));
    const { serviceConfig, note } = await this.#txt.settle(signal);
    return {
      endpoints: addresses.map((host) => ({ addresses: [{ host, port: this.#target.port }] })),
      serviceConfig,
      note: [summarize(failures), note].filter((part) => part !== '').join('; '),
      incomplete: failures.length > 0,
    };
  }

  override destroy(): void {
    super.destroy();
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

/** Makes the class that grpc-js is given; tests bring their own look-ups. */
export function createDnsRefreshResolverClass(
  options: DnsRefreshOptions = {},
  lookups: Lookups = { open: openDnsSession, ask: getaddrinfo },
): ResolverClass {
  checkPollingOptions(options);
  if (options.families !== undefined && !Object.hasOwn(FAMILIES, options.families)) {
    throw new RangeError(
      `families must be 'both', 'ipv6' or 'ipv4', got ${JSON.stringify(options.families)}`,
    );
  }
  return class DnsRefreshResolver implements experimental.Resolver {
    readonly #inner: experimental.Resolver;

    constructor(
      target: experimental.GrpcUri,
      listener: experimental.ResolverListener,
      channelOptions: ChannelOptions,
    ) {
      const constant = (answer: ConstructorParameters<typeof ConstantResolver>[0]): ConstantResolver =>
        new ConstantResolver(
          answer,
          new Delivery(target, listener, tracer('dns_refresh_resolver')),
          channelOptions,
        );
      let parsed: DnsRefreshTarget;
      try {
        parsed = parseDnsRefreshTarget(target);
      } catch (error) {
        this.#inner = constant({ error: describeBadTarget(DNS_REFRESH_SCHEME, error) });
        return;
      }
      const { host, port } = parsed;
      this.#inner =
        isIP(host) === 0
          ? new DnsRefreshPolling(target, listener, channelOptions, parsed, options, lookups)
          : constant({ endpoints: [{ addresses: [{ host, port }] }] });
    }

    updateResolution(): void {
      this.#inner.updateResolution();
    }

    destroy(): void {
      this.#inner.destroy();
    }

    static getDefaultAuthority(target: experimental.GrpcUri): string {
      return dnsRefreshAuthority(target);
    }
  };
}

const register = registration(DNS_REFRESH_SCHEME, createDnsRefreshResolverClass);

/**
 * Registers the `dns+refresh:` scheme with grpc-js; call it before the channel is made. Idempotent; a later call with
 * options gives them to the channels made from then on.
 * @throws {RangeError} on options out of range.
 */
export function registerRefreshingDnsResolver(options?: DnsRefreshOptions): void {
  register(options);
}
