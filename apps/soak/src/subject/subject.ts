/**
 * One policy under test: its channel, its RPCs, and what is known of each of
 * them. All subjects meet the same faults at the same moments.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { credentials, Metadata, status as Status } from '@grpc/grpc-js';
import { EchoClient } from '@petiole/echo-proto';
import type { Connection } from '../findings/connection-watch.js';
import type { FaultLog } from '../findings/fault-log.js';
import { DEADLINE_SLACK_MS, isStarved, unexplained } from '../findings/judgement.js';
import type { EndedRpc, Rpc } from '../findings/rpc.js';
import type { Violations } from '../findings/violations.js';
import type { ServerHistory } from '../peers/backend.js';
import type { CatalogueRecord, Discovery } from '../peers/discovery.js';
import { observedServiceConfig, RPC_ID_KEY, stopObserving } from './observer-policy.js';
import { ReadyEndpoints } from './ready-endpoints.js';
import type { SubjectPlan } from './subject-plan.js';

/** How often a peer may be called that sends callers away. */
const CALLS_PER_SECOND = 20;

/** A new list reaches the policy within that. */
const LISTED_MS = 5000;

/** An ended RPC is judged so much later, when the news of its connection is there too. */
const JUDGED_AFTER_MS = 1000;

export interface SubjectTotals {
  rpcs: number;
  failed: number;
  /** Picks of a connection that was not READY at that moment, by the subchannel's own word or by the events. */
  notReadyPicks: number;
  longestOverdueMs: number;
  /** Deadlines that passed while the client process itself stood still for much of the time: no policy's fault. */
  starved: number;
  probes: number;
  exactProbes: number;
  /** New clients that were made in the midst of a fault, and those whose RPCs all went where they should. */
  newClients: number;
  wellServedClients: number;
  /** The most of one client to one peer: dials of one that connects and goes, and Watches at a server that ends them. */
  readonly mostPerSecond: { dials: number; Watches: number };
}

/** What belongs to the run and is the same for all subjects. */
export interface Surroundings {
  readonly servers: readonly ServerHistory[];
  readonly faults: FaultLog;
  readonly violations: Violations;
  /** Milliseconds that the event loop has stood still since then: deadlines cannot be kept meanwhile. */
  readonly stalledSince: (time: number) => number;
}

export class Subject {
  readonly plan: SubjectPlan;
  readonly client: EchoClient;
  readonly totals: SubjectTotals = {
    rpcs: 0,
    failed: 0,
    notReadyPicks: 0,
    longestOverdueMs: 0,
    starved: 0,
    probes: 0,
    exactProbes: 0,
    newClients: 0,
    wellServedClients: 0,
    mostPerSecond: { dials: 0, Watches: 0 },
  };
  /** Undefined for grpc-js's own policies, which tell no events. */
  readonly ready: ReadyEndpoints | undefined;
  readonly #discovery: Discovery;
  readonly #observerName: string;
  readonly #around: Surroundings;
  readonly #running: Map<string, Rpc> = new Map();
  #unjudged: EndedRpc[] = [];
  #nextId = 0;
  /** The newest list, and what the policy accepted last. */
  #listed: readonly string[] = [];
  #order: readonly string[] = [];

  /** The default of `readyTimeout` is one for production: the run begins with all endpoints READY, and channels never go idle. */
  constructor(plan: SubjectPlan, discovery: Discovery, around: Surroundings, readyTimeout = '5s') {
    this.plan = plan;
    this.#around = around;
    this.#discovery = discovery;
    this.#observerName = `${plan.name} ${discovery.target}`;
    this.ready = plan.tellsEvents ? new ReadyEndpoints(discovery.target) : undefined;
    this.client = new EchoClient(discovery.target, credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 500,
      // Servers count Watches by it.
      'grpc.primary_user_agent': plan.name,
      'grpc.service_config': observedServiceConfig(
        this.#observerName,
        {
          listed: (addresses) => {
            this.#order = addresses;
          },
          picked: (_, connection) => this.#picked(connection),
          sent: (id, connection) => this.#sent(id, connection),
        },
        plan.policy(readyTimeout),
        plan.healthService,
      ),
    });
  }

  /** Answers with whether the policy was handed these endpoints, in this order, soon enough. */
  async list(addresses: readonly string[], bad: readonly CatalogueRecord[] = []): Promise<boolean> {
    this.#discovery.list(addresses, bad);
    this.#listed = addresses;
    const end = performance.now() + LISTED_MS;
    // A newer list, of another fault at the same time, may take its place unseen.
    while (this.#listed === addresses && this.#order.join() !== addresses.join()) {
      if (performance.now() > end) return false;
      await pause(10);
    }
    return true;
  }

  failResolution(): void {
    this.#discovery.fail();
  }

  /** What an RPC needs to be told apart, and its record. */
  begin(method: Rpc['method'], deadlineMs: number): { rpc: Rpc; metadata: Metadata; options: object } {
    const startedAt = performance.now();
    const id = String(this.#nextId++);
    const rpc: Rpc = {
      id,
      method,
      startedAt,
      deadlineAt: startedAt + deadlineMs,
      connection: undefined,
      sentAt: Number.NaN,
    };
    this.#running.set(id, rpc);
    const metadata = new Metadata();
    metadata.set(RPC_ID_KEY, id);
    return { rpc, metadata, options: this.plan.losesDeadlines ? {} : { deadline: Date.now() + deadlineMs } };
  }

  end(rpc: Rpc, code: Status, details: string): void {
    this.#running.delete(rpc.id);
    const endedAt = performance.now();
    this.totals.rpcs++;
    this.#checkDeadline(rpc, endedAt);
    if (code !== Status.OK) {
      this.totals.failed++;
      const stalledMs = this.#around.stalledSince(rpc.startedAt);
      this.#unjudged.push({ ...rpc, endedAt, code, details, stalledMs });
    } else if (rpc.connection) {
      this.#around.faults.answered(this.plan.name, rpc.connection.address, rpc.sentAt);
    }
  }

  /** Looks for RPCs that do not end, and judges those that have failed. `all` judges the newest ones too. */
  inspect(all = false): void {
    const now = performance.now();
    for (const rpc of this.#running.values()) {
      if (this.#checkDeadline(rpc, now)) this.#running.delete(rpc.id);
    }
    const { faults, servers, stalledSince } = this.#around;
    const due = this.#unjudged.filter(
      ({ endedAt }) => all || endedAt + JUDGED_AFTER_MS + stalledSince(endedAt) < now,
    );
    if (due.length === 0) return;
    this.#unjudged = this.#unjudged.filter((rpc) => !due.includes(rpc));
    for (const rpc of due) {
      faults.failed(this.plan.name, rpc);
      const nobodyReady = faults.allDown(rpc) && !this.ready?.neverEmptySince(rpc.startedAt);
      const wrong = unexplained(rpc, { servers, nobodyReady, stalledSince });
      if (wrong && isStarved(rpc)) this.totals.starved++;
      else if (wrong) this.broke(faults.brokenBy(rpc), wrong);
    }
  }

  /** Tells how often the client called on each of some peers that send callers away. */
  called(what: 'dials' | 'Watches', times: readonly number[], seconds: number): void {
    const { mostPerSecond } = this.totals;
    // A burst within less than a second is no storm.
    const most = Math.round(Math.max(...times) / Math.max(1, seconds));
    mostPerSecond[what] = Math.max(mostPerSecond[what], most);
    if (most > CALLS_PER_SECOND) this.broke('storm', `${most} ${what} a second to one peer that ends them`);
  }

  /** The comparison is measured, not judged. */
  broke(invariant: Parameters<Violations['add']>[0], what: string): void {
    if (this.plan.judged) this.#around.violations.add(invariant, this.plan.name, what);
  }

  close(): void {
    if (!this.plan.staysOpen) this.client.close();
    this.#discovery.close();
    this.ready?.close();
    stopObserving(this.#observerName);
  }

  #picked(connection: Connection): void {
    const judge = (ready: boolean): void => {
      if (ready) return;
      this.totals.notReadyPicks++;
      this.broke('ready', `${connection.address} was picked, which is not READY`);
    };
    const { ready } = this;
    if (ready === undefined) judge(connection.ready());
    // Events come in order, a tick after the change: one tick later, all is known that happened before this pick, and no more.
    else process.nextTick(() => judge(ready.has(connection.address)));
  }

  #sent(id: string, connection: Connection): void {
    const rpc = this.#running.get(id);
    if (rpc === undefined) return;
    rpc.connection = connection;
    rpc.sentAt = performance.now();
    this.#around.faults.sent(this.plan.name, connection.address);
  }

  #checkDeadline(rpc: Rpc, now: number): boolean {
    const late = now - rpc.deadlineAt;
    if (late <= 0) return false;
    const overdue = late - this.#around.stalledSince(rpc.startedAt);
    this.totals.longestOverdueMs = Math.max(this.totals.longestOverdueMs, Math.round(overdue));
    if (overdue <= DEADLINE_SLACK_MS) return false;
    this.broke('deadline', `a ${rpc.method} RPC still ran ${Math.round(overdue)} ms after its deadline`);
    return true;
  }
}
