/**
 * The resolver of `srv:` targets (RFC 2782): each SRV record is one endpoint with all addresses of its host, which is
 * how DNS can say that addresses belong together. The best (lowest) priority that resolves counts.
 */
import type { SrvRecord } from 'node:dns';
import type { experimental } from '@grpc/grpc-js';
import type { EndpointAttributes } from '@petiole/service-config';
import { quote } from '@petiole/service-config/internal';
import { type ResolverClass, registration } from '../grpc-js/registration.js';
import { BOUNDS, type EndpointBounds, withinBounds } from '../lookup/bounds.js';
import { type DnsSession, type OpenDnsSession, openDnsSession } from '../lookup/dns-session.js';
import { HostAddresses, type HostAnswer } from '../lookup/host-addresses.js';
import { HostTurns } from '../lookup/host-turns.js';
import { keepPlaces } from '../lookup/keep-places.js';
import { joinNotes, summarize } from '../lookup/notes.js';
import { staggered } from '../lookup/staggered.js';
import { txtLookup } from '../lookup/txt.js';
import type { Delivery } from '../resolving/delivery.js';
import { type CheckedOptions, checkOptions, type ResolverOptions } from '../resolving/options.js';
import { type Look, type Lookup, Polling } from '../resolving/polling.js';
import type { BoundedResolution } from '../resolving/resolution.js';
import { targetOptions } from '../resolving/target-options.js';
import { parseSrvTarget, SRV_SCHEME, type SrvTarget, srvAuthority } from '../target/dns-target.js';
import { assertOptions } from '../target/objects.js';
import { schemeResolver } from './scheme.js';

/** Hosts that are looked up at a time, all priorities together. */
const HOSTS_IN_FLIGHT = 32;

/** Options of {@link registerSrvResolver}. */
export type SrvResolverOptions = Pick<ResolverOptions, 'refreshInterval' | 'deadline' | keyof EndpointBounds>;

/** A record that gave an endpoint; `key` is what it is known by from answer to answer. */
interface Located {
  readonly key: string;
  readonly port: number;
  /** Both are integers up to 65535. */
  readonly attributes: Pick<EndpointAttributes, 'priority' | 'weight'>;
  /** Its host's, which all records of the host share: many records times many addresses would be too much. */
  readonly addresses: readonly string[];
}

interface PriorityAnswer extends Pick<HostAnswer, 'isFresh' | 'failures'> {
  readonly located: readonly Located[];
  /** What was left out of the addresses of hosts. */
  readonly leftOut: readonly string[];
}

/** The records of one priority, and their hosts. */
interface Priority {
  readonly priority: number;
  readonly records: readonly SrvRecord[];
  readonly hosts: ReadonlySet<string>;
}

/** Where the look-ups go; tests bring their own. */
export interface SrvLookups {
  readonly open: OpenDnsSession;
  /** Milliseconds that addresses wait for the service config. */
  readonly grace?: number;
}

function lookUp(
  { dnsServer, service, name }: SrvTarget,
  options: CheckedOptions,
  lookups: SrvLookups,
  { channelOptions, trace }: Delivery,
): Lookup {
  const { deadline } = options;
  const open = (signal: AbortSignal): DnsSession => lookups.open(dnsServer, deadline, signal);
  const hosts = new HostAddresses([6, 4], options.maxAddressesPerEndpoint);
  const turns = new HostTurns();
  const txt = txtLookup(name, channelOptions, { open, deadline, trace, grace: lookups.grace });
  let inUse: readonly Located[] = [];

  /**
   * The endpoints of the best priority of which a host resolves now; when none does, those in use. Each next priority is
   * looked up after a share of the deadline that brought nothing.
   */
  async function locate(
    priorities: readonly Priority[],
    session: DnsSession,
    signal: AbortSignal,
  ): Promise<Omit<PriorityAnswer, 'isFresh'>> {
    const looks = await staggered(
      priorities.map((each) => ({
        width: each.hosts.size,
        begin: (slots: number, succeeded: () => void) => look(each, slots, session, signal, succeeded),
      })),
      { slots: HOSTS_IN_FLIGHT, patience: Math.ceil(deadline / (priorities.length + 1)) },
    );
    const answers: PriorityAnswer[] = [];
    for (const [index, look] of looks.entries()) {
      const answer = await look;
      const what = `${answer.located.length} endpoints${answer.isFresh ? '' : ', none of them fresh'}`;
      trace?.(`priority ${priorities[index]?.priority}: ${what}`);
      answers.push(answer);
      if (answer.isFresh) break;
    }
    const asked = new Set(priorities.slice(0, looks.length).flatMap((each) => [...each.hosts]));
    hosts.retain(asked);
    turns.retain(asked);
    const used = new Set(inUse.map(({ key }) => key));
    const best =
      answers.find(({ isFresh }) => isFresh) ??
      answers.find(({ located }) => located.some(({ key }) => used.has(key))) ??
      answers.find(({ located }) => located.length > 0);
    const failures = answers.flatMap((answer) => answer.failures);
    return { located: best?.located ?? [], failures, leftOut: best?.leftOut ?? [] };
  }

  /** Looks up the hosts of one priority. Never rejects. */
  async function look(
    { records, hosts: names }: Priority,
    slots: number,
    session: DnsSession,
    signal: AbortSignal,
    onFresh: () => void,
  ): Promise<PriorityAnswer> {
    const found = new Map<string, readonly string[]>();
    const failures: string[] = [];
    const leftOut: string[] = [];
    let isFresh = false;
    await turns.each(names, slots, signal, async (host) => {
      const answer = await hosts.lookup(host, session);
      found.set(host, answer.addresses);
      failures.push(...answer.failures);
      if (answer.leftOut !== '') leftOut.push(answer.leftOut);
      if (!answer.isFresh) return;
      isFresh = true;
      onFresh();
    });
    const located = records.map(({ name, port, priority, weight }) => {
      const host = name.toLowerCase();
      // A weight of 0 is the smallest there is (RFC 2782).
      const attributes = { priority, weight: Math.max(1, weight) };
      return { key: `${host}:${port}`, port, attributes, addresses: found.get(host) ?? [] };
    });
    return { located: located.filter(({ addresses }) => addresses.length > 0), isFresh, failures, leftOut };
  }

  return {
    async resolve({ signal }: Look): Promise<BoundedResolution> {
      const session = open(signal);
      txt.start();
      const records = (await session.srv(service)).filter((record) => !['', '.'].includes(record.name));
      if (records.length === 0) {
        throw new Error(`the SRV record of ${quote(service)} says "." : no such service here (RFC 2782)`);
      }
      const { located, failures, leftOut } = await locate(byPriority(records), session, signal);
      if (located.length === 0) throw new Error(summarize(failures) || 'no SRV record has a host and a port');
      const ordered = keepPlaces(inUse, located, ({ key }) => key);
      const bounded = withinBounds(ordered, ({ addresses }) => addresses.length, options);
      inUse = bounded.kept;
      const { serviceConfig, note } = await txt.settle(signal);
      return {
        endpoints: inUse.map(({ addresses, port, attributes }) => ({
          addresses: addresses.map((host) => ({ host, port })),
          attributes,
        })),
        serviceConfig,
        note: joinNotes(summarize(failures), note),
        leftOut: joinNotes(bounded.leftOut, summarize(leftOut)),
        incomplete: failures.length > 0,
      };
    },
    stop: () => txt.stop(),
  };
}

/** The best (lowest) priority comes first. Records without a port locate nothing. */
function byPriority(all: readonly SrvRecord[]): readonly Priority[] {
  const priorities = [...new Set(all.map(({ priority }) => priority))].sort((left, right) => left - right);
  return priorities.map((priority) => {
    const records = all.filter((record) => record.priority === priority && record.port > 0);
    return { priority, records, hosts: new Set(records.map(({ name }) => name.toLowerCase())) };
  });
}

const OPTIONS = ['refreshInterval', 'deadline', ...BOUNDS] as const;

/** A target with its own options, and with all of them as they apply. */
export function readSrvTarget(
  uri: experimental.GrpcUri,
  options: SrvResolverOptions = {},
): { target: SrvTarget; own: SrvResolverOptions; checked: CheckedOptions } {
  const target = parseSrvTarget(uri);
  const check = (own: SrvResolverOptions): CheckedOptions => {
    // Records are followed by host and port, which survive a change of address.
    return checkOptions({ ...options, ...own, keepOrder: false });
  };
  return { target, ...targetOptions(target.query, OPTIONS, check) };
}

export function createSrvResolverClass(
  options: SrvResolverOptions = {},
  lookups: SrvLookups = { open: openDnsSession },
): ResolverClass {
  assertOptions(options, 'registerSrvResolver: its options', OPTIONS);
  checkOptions(options);
  return schemeResolver({
    name: SRV_SCHEME,
    tracer: 'srv_resolver',
    parse: (uri) => readSrvTarget(uri, options),
    authority: srvAuthority,
    open: ({ target, checked }, channel) =>
      new Polling(lookUp(target, checked, lookups, channel), checked, channel),
  });
}

/**
 * Registers the `srv:` scheme with grpc-js; call it before the channel is made. Idempotent; a later call with options
 * gives them to the channels made from then on.
 * @throws {RangeError} on options out of range, TypeError on others.
 */
export const registerSrvResolver: (options?: SrvResolverOptions) => void = registration(
  SRV_SCHEME,
  createSrvResolverClass,
);
