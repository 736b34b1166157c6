/** Does to servers, resolvers and the client itself what an incident says, and undoes it. */
import { setTimeout as pause } from 'node:timers/promises';
import { status as Status } from '@grpc/grpc-js';
import { type FaultLog, OWN_INVARIANTS } from '../findings/fault-log.js';
import type { Invariant } from '../findings/violations.js';
import type { Backend } from '../peers/backend.js';
import type { Catalogue } from '../peers/catalogue.js';
import type { ConnectAndGoPeers } from '../peers/connect-and-go-peers.js';
import type { CatalogueRecord } from '../peers/discovery.js';
import type { Fault, FaultKind, Incident } from '../plan/schedule.js';
import type { Subject, Surroundings } from '../subject/subject.js';
import { type Situation, serveNewcomers } from './newcomers.js';

/** How long a healed endpoint may take to serve every policy: a dropped SYN is sent again after 1, 3 and 7 s. */
const RECOVERY_MS = 20_000;

/** An instance that has not been given a port, an address that was badly joined, and a host that nobody filled in. */
const BAD_RECORDS: readonly CatalogueRecord[] = [
  { host: '127.0.0.1', port: 0 },
  { host: '2001:db8:: 1', port: 50051 },
  { host: 'undefined', port: 50051 },
];

/** What faults are done to, and by what. */
export interface Stage {
  /** All but the last are listed at the start. */
  readonly backends: readonly Backend[];
  readonly catalogue: Catalogue;
  readonly peers: ConnectAndGoPeers;
  readonly standStill: (ms: number) => void;
}

export class FaultInjector {
  readonly #stage: Stage;
  readonly #subjects: readonly Subject[];
  readonly #around: Surroundings;
  readonly #log: FaultLog;
  /** The servers that the resolver lists, in its order. */
  #listed: readonly Backend[];
  /** The addresses of those that have to stay READY in an incident in which something has. */
  #calm: readonly string[] = [];

  constructor(stage: Stage, subjects: readonly Subject[], around: Surroundings) {
    this.#stage = stage;
    this.#subjects = subjects;
    this.#around = around;
    this.#log = around.faults;
    this.#listed = stage.backends.slice(0, -1);
  }

  /** The endpoints as the resolver lists them. */
  get order(): readonly string[] {
    return this.#listed.map(({ address }) => address);
  }

  get #judged(): readonly Subject[] {
    return this.#subjects.filter(({ plan }) => plan.judged);
  }

  /** One incident, until all that it has broken serves again. `signal` shortens the faults. */
  async run({ faults, gapMs }: Incident, signal: AbortSignal): Promise<void> {
    // A fault on its own that must leave all servers READY is not excused by what it does to them.
    const struck = faults.length > 1 ? faults.flatMap((fault) => this.#struckBy(fault)) : [];
    this.#calm = this.order.filter((address) => !struck.includes(address));
    await Promise.all(
      faults.map(async (fault, n) => {
        await rest(n * gapMs, signal);
        await this.#strike(fault, signal);
      }),
    );
  }

  async #strike(fault: Fault, signal: AbortSignal): Promise<void> {
    const { kind } = fault;
    const active = this.#log.begin(kind, this.#struckBy(fault));
    const healed = await this.#break(fault, signal);
    this.#log.end(active);
    await this.#recovered(kind, healed);
    this.#log.healed(active);
    this.#checkCalm(kind, active.from);
  }

  /** The addresses that the fault's cost is counted for. */
  #struckBy({ kind, server }: Fault): readonly string[] {
    switch (kind) {
      case 'outage':
      case 'cut':
      case 'one-answer':
        return this.order;
      case 'add':
      case 'bad-record':
        return [this.#spare.address];
      case 'connect-and-go':
        return this.#stage.peers.histories.map(({ address }) => address);
      case 'resolver':
      case 'stall':
      case 'newcomer':
        return [];
      default:
        return [this.#backend(server).address];
    }
  }

  /** Answers with the servers that must serve again now. */
  async #break({ kind, server, holdMs }: Fault, signal: AbortSignal): Promise<readonly Backend[]> {
    const one = this.#backend(server);
    switch (kind) {
      case 'kill':
        await one.kill();
        await rest(holdMs, signal);
        await one.start();
        return [one];
      case 'restart':
        await one.drain();
        await rest(holdMs, signal);
        await one.start();
        return [one];
      case 'freeze':
        one.freeze();
        await rest(holdMs, signal);
        one.thaw();
        return [one];
      case 'clog':
        await one.clog();
        await rest(holdMs, signal);
        await one.unclog();
        return [one];
      case 'health':
        await one.setHealth('NOT_SERVING');
        await rest(holdMs, signal);
        await one.setHealth('SERVING');
        return [one];
      case 'remove': {
        await this.#list(this.#listed.filter((backend) => backend !== one));
        await rest(holdMs, signal);
        const { backends } = this.#stage;
        await this.#list(backends.filter((backend) => backend === one || this.#listed.includes(backend)));
        return [one];
      }
      case 'add':
        await this.#list([...this.#listed, this.#spare]);
        await this.#recovered(kind, [this.#spare]);
        await rest(holdMs, signal);
        await this.#list(this.#listed.slice(0, -1));
        return [];
      case 'resolver':
        for (const subject of this.#subjects) subject.failResolution();
        await rest(holdMs, signal);
        await this.#list(this.#listed.toReversed());
        return [];
      case 'outage':
        await Promise.all(this.#listed.map((backend) => backend.kill()));
        await rest(holdMs, signal);
        await Promise.all(this.#listed.map((backend) => backend.start()));
        return this.#listed;
      case 'stall':
        this.#stage.standStill(holdMs);
        return this.#listed.filter(({ address }) => this.#calm.includes(address));
      case 'newcomer':
        await this.#newcomers({
          invariant: 'stall',
          order: this.order,
          standStill: () => this.#stage.standStill(holdMs),
        });
        return [];
      case 'cut':
        for (const code of [Status.OK, Status.UNAVAILABLE]) {
          await Promise.all(this.#listed.map((backend) => backend.cutWatches(code)));
          await rest(holdMs, signal);
        }
        return [];
      case 'one-answer':
        await this.#oneAnswer(holdMs, signal);
        return [];
      case 'bad-record':
        await this.#list([...this.#listed, this.#spare], { invariant: 'record', bad: BAD_RECORDS });
        await this.#newcomers({ invariant: 'record', order: this.order, bad: BAD_RECORDS });
        await rest(holdMs, signal);
        await this.#list(this.#listed.slice(0, -1));
        return [];
      case 'connect-and-go':
        await this.#connectAndGo(holdMs, signal);
        return [];
    }
  }

  async #oneAnswer(holdMs: number, signal: AbortSignal): Promise<void> {
    const all = (ends: boolean) => Promise.all(this.#listed.map((backend) => backend.endEachWatch(ends)));
    await all(true);
    const from = performance.now();
    await Promise.all(this.#listed.map((backend) => backend.cutWatches(Status.OK)));
    await rest(holdMs, signal);
    const begun = await all(false);
    for (const subject of this.#judged) {
      subject.called(
        'Watches',
        begun.map((byClient) => byClient[subject.plan.name] ?? 0),
        secondsSince(from),
      );
    }
  }

  async #connectAndGo(holdMs: number, signal: AbortSignal): Promise<void> {
    const { peers } = this.#stage;
    const judged = this.#judged;
    // grpc-js's round_robin would dial them thousands of times a second, at the cost of all others in this process.
    const peersOf = (subject: Subject) => (subject.plan.judged ? peers.of(judged.indexOf(subject)) : []);
    const before = await peers.dials();
    const from = performance.now();
    await this.#list(this.#listed, { invariant: 'storm', more: peersOf });
    await rest(holdMs, signal);
    await this.#list(this.#listed, { invariant: 'storm' });
    const after = await peers.dials();
    for (const subject of judged) {
      const dials = peersOf(subject).map((peer) => (after.get(peer) ?? 0) - (before.get(peer) ?? 0));
      subject.called('dials', dials, secondsSince(from));
    }
  }

  /** Lists these servers for all, and for each subject what `more` says beside them; waits until the policies have them. */
  async #list(
    backends: readonly Backend[],
    {
      invariant = 'heal',
      bad = [],
      more = () => [],
    }: {
      readonly invariant?: Invariant;
      readonly bad?: readonly CatalogueRecord[];
      readonly more?: (subject: Subject) => readonly string[];
    } = {},
  ): Promise<void> {
    this.#listed = backends;
    await Promise.all(
      this.#subjects.map(async (subject) => {
        const addresses = [...this.order, ...more(subject)];
        if (await subject.list(addresses, bad)) return;
        subject.broke(invariant, `the policy was never handed the new list ${addresses.join(', ')}`);
      }),
    );
  }

  #newcomers(situation: Situation): Promise<void> {
    return serveNewcomers(this.#judged, this.#stage.catalogue, this.#around, situation);
  }

  /** No server that the incident does not strike may have left READY. */
  #checkCalm(kind: FaultKind, since: number): void {
    const invariant = OWN_INVARIANTS[kind];
    if (invariant === undefined) return;
    for (const subject of this.#subjects) {
      const lost = subject.ready?.lostSince(since, this.#calm);
      if (lost) subject.broke(invariant, `${lost}, and nothing was done to it`);
    }
  }

  get #spare(): Backend {
    return this.#stage.backends.at(-1) as Backend;
  }

  #backend(server: number): Backend {
    return this.#stage.backends[server] as Backend;
  }

  /** Waits until every policy has been served by each of these; tells of those that never were. */
  async #recovered(kind: FaultKind, healed: readonly Backend[]): Promise<void> {
    const late = await this.#log.recovered(
      kind,
      this.#subjects.map(({ plan }) => plan.name),
      healed.map(({ address }) => address),
      RECOVERY_MS,
    );
    for (const missing of late) {
      const [name, address] = missing.split(' ');
      const subject = this.#subjects.find(({ plan }) => plan.name === name);
      subject?.broke('heal', `${address} did not serve within ${RECOVERY_MS} ms of its heal (${kind})`);
    }
  }
}

function secondsSince(from: number): number {
  return (performance.now() - from) / 1000;
}

/** Waits, or not to the end when the run is to end. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => {});
}
