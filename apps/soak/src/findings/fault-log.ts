/**
 * The faults of a run, and for each policy what they cost: RPCs sent into them,
 * RPCs that failed, and the time until a healed endpoint served again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { status as Status } from '@grpc/grpc-js';
import type { FaultKind } from '../plan/schedule.js';
import type { EndedRpc } from './rpc.js';
import type { Invariant } from './violations.js';

/** What one kind of fault has cost one policy. */
export interface FaultCost {
  /** RPCs put on a connection to the faulty server while the fault lasted. */
  sent: number;
  /** RPCs that failed on a connection. */
  failedInFlight: number;
  /** Those of them that failed by their deadline. */
  deadlines: number;
  /** RPCs that failed without ever being sent. */
  failedUnsent: number;
  /** From each heal to the first RPC that was sent there afterwards and answered, in ms. */
  readonly healMs: number[];
}

/** A fault that failures are still put down to. */
interface ActiveFault {
  readonly kind: FaultKind;
  readonly addresses: ReadonlySet<string>;
  readonly from: number;
  /** When it was undone. */
  to: number;
  /** When all that it had broken served again. */
  healedAt: number;
}

/** Invariants that a fault has of its own: what fails in its time has broken this one. */
export const OWN_INVARIANTS: Readonly<Partial<Record<FaultKind, Invariant>>> = {
  stall: 'stall',
  newcomer: 'stall',
  cut: 'watch',
  'one-answer': 'watch',
  'bad-record': 'record',
  'connect-and-go': 'storm',
};

/** Whom a heal still waits for. */
interface Recovery {
  readonly kind: FaultKind;
  readonly since: number;
  /** `policy address`, for each policy and each address that is to serve again. */
  readonly missing: Set<string>;
  /** Resolves when nobody is missing. */
  readonly done: () => void;
}

/** Failures of the last faults only are put down to them. */
const REMEMBERED = 20;

export class FaultLog {
  /** How many faults of each kind there have been. */
  readonly counts: Map<FaultKind, number> = new Map();
  readonly #costs: Map<string, FaultCost> = new Map();
  #recent: ActiveFault[] = [];
  readonly #recoveries: Set<Recovery> = new Set();
  /** Pairs of policy and address that have been waited for in vain: once, until they serve again. */
  readonly #late: Set<string> = new Set();

  begin(kind: FaultKind, addresses: readonly string[]): ActiveFault {
    const fault = {
      kind,
      addresses: new Set(addresses),
      from: performance.now(),
      to: Number.POSITIVE_INFINITY,
      healedAt: Number.POSITIVE_INFINITY,
    };
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#recent = [...this.#recent.slice(1 - REMEMBERED), fault];
    return fault;
  }

  end(fault: ActiveFault): void {
    fault.to = performance.now();
  }

  healed(fault: ActiveFault): void {
    fault.healedAt = performance.now();
  }

  /** Were all servers down for a part of that time, or not yet back? */
  allDown({ startedAt, endedAt }: EndedRpc): boolean {
    return this.#recent.some(
      ({ kind, from, healedAt }) => kind === 'outage' && from <= endedAt && healedAt >= startedAt,
    );
  }

  /** What an RPC has broken that failed without an explanation. */
  brokenBy({ startedAt, endedAt }: EndedRpc): Invariant {
    const overlapping = this.#recent.filter(({ from, healedAt }) => from <= endedAt && healedAt >= startedAt);
    return overlapping.map(({ kind }) => OWN_INVARIANTS[kind]).find((own) => own !== undefined) ?? 'failure';
  }

  cost(subject: string, kind: FaultKind): FaultCost {
    const key = `${subject} ${kind}`;
    let cost = this.#costs.get(key);
    if (cost === undefined) {
      cost = { sent: 0, failedInFlight: 0, deadlines: 0, failedUnsent: 0, healMs: [] };
      this.#costs.set(key, cost);
    }
    return cost;
  }

  sent(subject: string, address: string): void {
    for (const { kind, addresses, to } of this.#recent) {
      if (to === Number.POSITIVE_INFINITY && addresses.has(address)) this.cost(subject, kind).sent++;
    }
  }

  failed(subject: string, { connection, code, startedAt, endedAt }: EndedRpc): void {
    const overlapping = this.#recent.filter(({ from, to }) => from <= endedAt && to >= startedAt);
    const there = overlapping.filter(({ addresses }) => connection && addresses.has(connection.address));
    const fault = there.at(-1) ?? overlapping.at(-1) ?? this.#recent.findLast(({ from }) => from <= endedAt);
    if (fault === undefined) return;
    const cost = this.cost(subject, fault.kind);
    if (connection === undefined) cost.failedUnsent++;
    else cost.failedInFlight++;
    if (code === Status.DEADLINE_EXCEEDED) cost.deadlines++;
  }

  /** Waits until each of these policies has been served by each of these addresses; answers with the pairs that are late. */
  async recovered(
    kind: FaultKind,
    subjects: readonly string[],
    addresses: readonly string[],
    patienceMs: number,
  ): Promise<readonly string[]> {
    const pairs = subjects.flatMap((name) => addresses.map((address) => `${name} ${address}`));
    const missing = new Set(pairs.filter((pair) => !this.#late.has(pair)));
    if (missing.size === 0) return [];
    const patience = new AbortController();
    await new Promise<void>((done) => {
      const recovery: Recovery = { kind, since: performance.now(), missing, done };
      this.#recoveries.add(recovery);
      pause(patienceMs, undefined, { signal: patience.signal }).then(
        () => {
          this.#recoveries.delete(recovery);
          for (const pair of missing) this.#late.add(pair);
          done();
        },
        () => {},
      );
    });
    patience.abort();
    return [...missing];
  }

  answered(subject: string, address: string, sentAt: number): void {
    this.#late.delete(`${subject} ${address}`);
    for (const recovery of this.#recoveries) {
      if (sentAt < recovery.since || !recovery.missing.delete(`${subject} ${address}`)) continue;
      this.cost(subject, recovery.kind).healMs.push(performance.now() - recovery.since);
      if (recovery.missing.size > 0) continue;
      this.#recoveries.delete(recovery);
      recovery.done();
    }
  }
}
