/**
 * The resolver of `srv:` targets (RFC 2782): each SRV record is one endpoint with all addresses of its host, which is
 * how DNS can say that addresses belong together. The best (lowest) priority that resolves; weights are ignored.
 */

import type { SrvRecord } from 'node:dns';
import { quote, type Trace } from '@petiole/service-config/internal';
import type { ResolverClass } from '../grpc-js/resolver-class.js';
import { BOUNDS, type EndpointBounds, withinBounds } from '../lookup/bounds.js';
import { type DnsSession, type OpenDnsSession, openDnsSession } from '../lookup/dns-session.js';
import { HostAddresses } from '../lookup/host-addresses.js';
import { HostTurns } from '../lookup/host-turns.js';
import { keepPlaces } from '../lookup/keep-places.js';
import { joinNotes, summarize } from '../lookup/notes.js';
import { staggered } from '../lookup/staggered.js';
import { TxtLookup } from '../lookup/txt.js';
import { type CheckedOptions, checkOptions, type ResolverOptions } from '../resolving/options.js';
import type { Look, Lookup } from '../resolving/polling.js';
import type { BoundedResolution } from '../resolving/resolution.js';
import { parseSrvTarget, SRV_SCHEME, type SrvTarget, srvAuthority } from '../target/dns.js';
import { assertOptions } from '../target/objects.js';
import { registration } from './registration.js';
import { type ChannelOfScheme, schemeResolver } from './scheme.js';

/** Hosts that are looked up at a time, all priorities together. */
const HOSTS_IN_FLIGHT = 32;

/** Options of {@link registerSrvResolver}. */
export type SrvResolverOptions = Pick<ResolverOptions, 'refreshInterval' | 'deadline' | keyof EndpointBounds>;

/** A record that gave an endpoint; `key` is what it is known by from answer to answer. */
interface Located {
  readonly key: string;
  readonly port: number;
  /** Its host's, which all records of the host share: many records times many addresses would be too much. */
  readonly addresses: readonly string[];
}

/** What the hosts of one priority gave. */
interface PriorityAnswer {
  readonly priority: number;
  readonly located: readonly Located[];
  /** Whether DNS gave an address this time; otherwise all are remembered. */
  readonly isFresh: boolean;
  readonly failures: readonly string[];
  /** What was left out of the addresses of hosts. */
  readonly leftOut: readonly string[];
}

/** The endpoints to use, and what became of the rest. */
type Found = Pick<PriorityAnswer, 'located' | 'failures' | 'leftOut'> & {
  /** The hosts that were looked up. */
  readonly asked: ReadonlySet<string>;
};

/** One resolution's DNS. */
interface Asking {
  readonly session: DnsSession;
  readonly signal: AbortSignal;
}

/** Where the look-ups go; tests bring their own. */
interface SrvLookups {
  readonly open: OpenDnsSession;
  /** Milliseconds that addresses wait for the service config. */
  readonly grace?: number;
}

class SrvLookup implements Lookup {
  readonly #target: SrvTarget;
  readonly #options: CheckedOptions;
  readonly #trace: Trace;
  readonly #open: (signal: AbortSignal) => DnsSession;
  readonly #hosts: HostAddresses;
  readonly #turns = new HostTurns();
  readonly #txt: TxtLookup;
  #located: readonly Located[] = [];

  constructor(
    target: SrvTarget,
    options: CheckedOptions,
    { open, grace }: SrvLookups,
    { channelOptions, trace }: ChannelOfScheme,
  ) {
    const { deadline } = options;
    this.#target = target;
    this.#options = options;
    this.#trace = trace;
    this.#hosts = new HostAddresses([6, 4], options.maxAddressesPerEndpoint);
    this.#open = (signal) => open(target.dnsServer, deadline, signal);
    this.#txt = new TxtLookup(target.name, channelOptions, { open: this.#open, deadline, trace, grace });
  }

  async resolve({ signal }: Look): Promise<BoundedResolution> {
    const session = this.#open(signal);
    this.#txt.start();
    const records = (await session.srv(this.#target.service)).filter(
      ({ name }) => name !== '' && name !== '.',
    );
    if (records.length === 0) {
      throw new Error(
        `the SRV record of ${quote(this.#target.service)} says "." : no such service here (RFC 2782)`,
      );
    }
    const { located, failures, leftOut, asked } = await this.#locate(records, { session, signal });
    this.#hosts.retain(asked);
    this.#turns.retain(asked);
    if (located.length === 0) throw new Error(summarize(failures) || 'no SRV record has a host and a port');
    const ordered = keepPlaces(this.#located, located, ({ key }) => key);
    const bounded = withinBounds(ordered, ({ addresses }) => addresses.length, this.#options);
    this.#located = bounded.kept;
    const { serviceConfig, note } = await this.#txt.settle(signal);
    return {
      endpoints: this.#located.map(({ addresses, port }) => ({
        addresses: addresses.map((host) => ({ host, port })),
      })),
      serviceConfig,
      note: joinNotes(summarize(failures), note),
      leftOut: joinNotes(bounded.leftOut, summarize(leftOut)),
      incomplete: failures.length > 0,
    };
  }

  stop(): void {
    this.#txt.stop();
  }

  /** The endpoints of the best priority of which a host resolves now. When none does, those in use stay. */
  async #locate(records: readonly SrvRecord[], asking: Asking): Promise<Found> {
    const { looks, asked } = await this.#lookByPriority(records, asking);
    const answers: PriorityAnswer[] = [];
    const failures: string[] = [];
    for (const look of looks) {
      const answer = await look;
      const { priority, located, isFresh, leftOut } = answer;
      this.#trace?.(
        `priority ${priority}: ${located.length} endpoints${isFresh ? '' : ', none of them fresh'}`,
      );
      failures.push(...answer.failures);
      if (isFresh) return { located, failures, leftOut, asked };
      answers.push(answer);
    }
    const used = new Set(this.#located.map(({ key }) => key));
    const kept =
      answers.find(({ located }) => located.some(({ key }) => used.has(key))) ??
      answers.find(({ located }) => located.length > 0);
    return { located: kept?.located ?? [], failures, leftOut: kept?.leftOut ?? [], asked };
  }

  /**
   * Looks up the priorities from the best one on, each next one after a share of the deadline that brought nothing.
   * @returns the answers of those that were begun, and their hosts.
   */
  async #lookByPriority(
    records: readonly SrvRecord[],
    asking: Asking,
  ): Promise<{ looks: ReadonlyArray<Promise<PriorityAnswer>>; asked: ReadonlySet<string> }> {
    const priorities = byPriority(records);
    const asked = new Set<string>();
    const looks = await staggered(
      priorities.map(([priority, inPriority]) => {
        const candidates = inPriority.filter(({ port }) => port > 0);
        const hosts = new Set(candidates.map(({ name }) => name.toLowerCase()));
        return {
          width: hosts.size,
          begin: (slots: number, succeeded: () => void) => {
            for (const host of hosts) asked.add(host);
            return this.#look(priority, candidates, hosts, slots, asking, succeeded);
          },
        };
      }),
      { slots: HOSTS_IN_FLIGHT, patience: Math.ceil(this.#options.deadline / (priorities.length + 1)) },
    );
    return { looks, asked };
  }

  /** Looks up the hosts of one priority. Never rejects. */
  async #look(
    priority: number,
    candidates: readonly SrvRecord[],
    hosts: ReadonlySet<string>,
    bound: number,
    { session, signal }: Asking,
    onFresh: () => void,
  ): Promise<PriorityAnswer> {
    const found = new Map<string, readonly string[]>();
    const failures: string[] = [];
    const leftOut: string[] = [];
    let isFresh = false;
    await this.#turns.each(hosts, bound, signal, async (host) => {
      const answer = await this.#hosts.lookup(host, session);
      found.set(host, answer.addresses);
      failures.push(...answer.failures);
      if (answer.leftOut !== '') leftOut.push(answer.leftOut);
      if (!answer.isFresh) return;
      isFresh = true;
      onFresh();
    });
    const located = candidates
      .map(({ name, port }) => {
        const host = name.toLowerCase();
        return { key: `${host}:${port}`, port, addresses: found.get(host) ?? [] };
      })
      .filter(({ addresses }) => addresses.length > 0);
    return { priority, located, isFresh, failures, leftOut };
  }
}

/** The records of each priority, the best (lowest) one first. */
function byPriority(records: readonly SrvRecord[]): ReadonlyArray<readonly [number, readonly SrvRecord[]]> {
  const groups = new Map<number, SrvRecord[]>();
  for (const record of records) {
    const group = groups.get(record.priority);
    if (group === undefined) groups.set(record.priority, [record]);
    else group.push(record);
  }
  return [...groups].sort(([left], [right]) => left - right);
}

/** Makes the class that grpc-js is given. */
export function createSrvResolverClass(
  options: SrvResolverOptions = {},
  lookups: SrvLookups = { open: openDnsSession },
): ResolverClass {
  assertOptions(options, 'registerSrvResolver: its options', ['refreshInterval', 'deadline', ...BOUNDS]);
  // Records are followed by host and port, which survive a change of address.
  const checked = checkOptions({ ...options, keepOrder: false });
  return schemeResolver({
    name: SRV_SCHEME,
    tracer: 'srv_resolver',
    options: checked,
    parse: parseSrvTarget,
    authority: srvAuthority,
    open: (target, channel) => new SrvLookup(target, checked, lookups, channel),
  });
}

const register = registration(SRV_SCHEME, createSrvResolverClass);

/**
 * Registers the `srv:` scheme with grpc-js; call it before the channel is made. Idempotent; a later call with options
 * gives them to the channels made from then on.
 * @throws {RangeError} on options out of range, TypeError on others.
 */
export function registerSrvResolver(options?: SrvResolverOptions): void {
  register(options);
}
