/**
 * The resolver of `srv:` targets (RFC 2782): each SRV record is one endpoint with all addresses of its host, which is
 * how DNS can say that addresses belong together. The best (lowest) priority that resolves; weights are ignored.
 */
import type { SrvRecord } from 'node:dns';
import { setMaxListeners } from 'node:events';
import type { Trace } from '../grpc-js/tracing.js';
import { BOUNDS, type EndpointBounds, withinBounds } from '../lookup/bounds.js';
import { type DnsSession, type OpenDnsSession, openDnsSession } from '../lookup/dns-session.js';
import { HostAddresses } from '../lookup/host-addresses.js';
import { HostTurns } from '../lookup/host-turns.js';
import { keepPlaces } from '../lookup/keep-places.js';
import { joinNotes, summarize } from '../lookup/notes.js';
import { TxtLookup } from '../lookup/txt.js';
import { atMost } from '../lookup/until-aborted.js';
import { checkPollingOptions, type PollingOptions } from '../resolving/options.js';
import { PollingResolver, type ResolutionAttempt } from '../resolving/polling.js';
import type { BoundedResolution } from '../resolving/resolution.js';
import { parseSrvTarget, SRV_SCHEME, type SrvTarget, srvAuthority } from '../target/dns.js';
import { quote } from '../target/error.js';
import { assertOptions } from '../target/json-value.js';
import { type ResolverClass, registration } from './registration.js';
import { schemeResolver } from './scheme.js';

const TRACER = 'srv_resolver';

/** Hosts that are looked up at a time, all priorities together. */
const HOSTS_IN_FLIGHT = 32;

/** Options of {@link registerSrvResolver}. */
export type SrvResolverOptions = Pick<PollingOptions, 'refreshInterval' | 'deadline' | keyof EndpointBounds>;

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

class SrvPolling extends PollingResolver {
  readonly #target: SrvTarget;
  readonly #deadline: number;
  readonly #bounds: Required<EndpointBounds>;
  readonly #open: (signal: AbortSignal) => DnsSession;
  readonly #hosts: HostAddresses;
  readonly #turns = new HostTurns();
  readonly #txt: TxtLookup;
  #located: readonly Located[] = [];

  constructor(
    target: SrvTarget,
    options: Required<PollingOptions>,
    open: OpenDnsSession,
    ...[uri, listener, channelOptions]: ConstructorParameters<ResolverClass>
  ) {
    // Records are followed by host and port, which survive a change of address.
    super(uri, listener, channelOptions, { ...options, keepOrder: false, tracer: TRACER });
    this.#target = target;
    this.#deadline = options.deadline;
    this.#bounds = options;
    this.#hosts = new HostAddresses([6, 4], options.maxAddressesPerEndpoint);
    const trace: Trace = (text) => this.trace(text);
    this.#open = (signal) => open(target.dnsServer, this.#deadline, signal);
    this.#txt = new TxtLookup(target.name, channelOptions, {
      open: this.#open,
      deadline: this.#deadline,
      trace,
    });
  }

  protected override async resolve({ signal }: ResolutionAttempt): Promise<BoundedResolution> {
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
    const bounded = withinBounds(ordered, ({ addresses }) => addresses.length, this.#bounds);
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

  override destroy(): void {
    super.destroy();
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
      this.trace(
        () => `priority ${priority}: ${located.length} endpoints${isFresh ? '' : ', none of them fresh'}`,
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
   * Begins to look up the best priority, and each next one when those before it have failed or brought nothing for
   * their shares of the deadline: they may time out. Ends when one has brought something, or all have begun.
   */
  async #lookByPriority(
    records: readonly SrvRecord[],
    asking: Asking,
  ): Promise<{ looks: ReadonlyArray<Promise<PriorityAnswer>>; asked: ReadonlySet<string> }> {
    const priorities = byPriority(records);
    const share = Math.ceil(this.#deadline / (priorities.length + 1));
    const asked = new Set<string>();
    const looks: Array<Promise<PriorityAnswer>> = [];
    const underWay = new Set<Promise<unknown>>();
    const firstFresh = new AbortController();
    setMaxListeners(0, firstFresh.signal);
    let free = HOSTS_IN_FLIGHT;
    for (const [index, [priority, inPriority]] of priorities.entries()) {
      while (free === 0) await Promise.race(underWay);
      if (firstFresh.signal.aborted) break;
      const candidates = inPriority.filter(({ port }) => port > 0);
      const hosts = new Set(candidates.map(({ name }) => name.toLowerCase()));
      for (const host of hosts) asked.add(host);
      // What this one takes, it keeps for as long as its hosts are silent: the next ones need some, too.
      const bound = Math.min(hosts.size, index === priorities.length - 1 ? free : Math.ceil(free / 2));
      free -= bound;
      const look = this.#look(priority, candidates, hosts, bound, asking, () => firstFresh.abort());
      looks.push(look);
      const ended = look.then(() => {
        free += bound;
        underWay.delete(ended);
      });
      underWay.add(ended);
      await atMost(share, look, firstFresh.signal);
    }
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

/** Makes the class that grpc-js is given; tests bring their own DNS. */
export function createSrvResolverClass(
  options: SrvResolverOptions = {},
  open: OpenDnsSession = openDnsSession,
): ResolverClass {
  assertOptions(options, 'registerSrvResolver: its options', ['refreshInterval', 'deadline', ...BOUNDS]);
  const checked = checkPollingOptions(options);
  return schemeResolver({
    name: SRV_SCHEME,
    tracer: TRACER,
    parse: parseSrvTarget,
    authority: srvAuthority,
    open: (parsed, ...grpc) => new SrvPolling(parsed, checked, open, ...grpc),
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
