/**
 * One run: servers, a rehearsal that warms everything up, the baseline of what
 * the process holds, incident after incident under load, and the reckoning.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { FaultInjector, type Stage } from './faults/fault-injector.js';
import { EventLoopStalls } from './findings/event-loop-stalls.js';
import { FaultLog } from './findings/fault-log.js';
import { excess, type Holdings, HoldingsLog } from './findings/leftovers.js';
import { type Violation, Violations } from './findings/violations.js';
import { Backend } from './peers/backend.js';
import { Catalogue } from './peers/catalogue.js';
import { endAllChildren } from './peers/child-process.js';
import { ConnectAndGoPeers } from './peers/connect-and-go-peers.js';
import { manualDiscovery } from './peers/discovery.js';
import { type FaultKind, type Incident, planIncidents, SERVERS } from './plan/schedule.js';
import { Load, unary } from './subject/load.js';
import { probeRotation } from './subject/rotation-probe.js';
import { Subject, type SubjectTotals, type Surroundings } from './subject/subject.js';
import type { SubjectPlan } from './subject/subject-plan.js';

export interface SoakOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly kinds: readonly FaultKind[];
  readonly subjects: readonly SubjectPlan[];
  /** Ends the run early, with a summary of what there is. */
  readonly signal: AbortSignal;
  /** Ends the run early when what was looked for has been found. */
  readonly isEnough: (violations: readonly Violation[]) => boolean;
  readonly onProgress: (progress: SoakProgress) => void;
}

export interface SoakProgress {
  readonly elapsedMs: number;
  readonly incidents: number;
  readonly incident: Incident;
  readonly rpcs: number;
  readonly violations: number;
}

export interface SoakResult {
  readonly seconds: number;
  readonly incidents: number;
  readonly faults: FaultLog;
  readonly subjects: readonly { readonly plan: SubjectPlan; readonly totals: SubjectTotals }[];
  readonly before: Holdings;
  readonly after: Holdings;
  readonly longestStallMs: number;
  readonly violations: readonly Violation[];
}

const REHEARSAL_MS = 2000;
const INSPECT_EVERY_MS = 250;
/** How long endpoints may take to be READY when nothing is wrong with them. */
const READY_MS = 15_000;
/** RPCs of the rehearsal, at most, until every server has answered. */
const MAX_FIRST_RPCS = 2000;

export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const stalls = new EventLoopStalls();
  try {
    const stage = await setUp(options, stalls);
    const holdings = new HoldingsLog();
    // The same without faults: what modules and compiled code take is there before the baseline.
    await rehearse(new Scene(options, stage, stalls));
    const before = await holdings.settle();
    // The scene itself must be gone when the end's level is taken.
    const { violations, ...played } = await perform(new Scene(options, stage, stalls), options);
    const after = await holdings.settle(before);
    for (const what of excess(before, after)) violations.add('leftovers', 'all policies', what);
    return {
      ...played,
      before,
      after,
      longestStallMs: Math.round(stalls.longestMs),
      violations: violations.list,
    };
  } finally {
    stalls.close();
    await endAllChildren();
  }
}

/** Starts all processes. */
async function setUp({ subjects }: SoakOptions, stalls: EventLoopStalls): Promise<Stage> {
  const backends = Array.from({ length: SERVERS }, (_, n) => new Backend(n));
  const [catalogue, peers] = await Promise.all([
    Catalogue.start(),
    ConnectAndGoPeers.start(subjects.length),
    ...backends.map((backend) => backend.start()),
  ]);
  return { backends, catalogue, peers, standStill: (ms) => stalls.standStill(ms) };
}

async function rehearse(scene: Scene): Promise<void> {
  await scene.open();
  await pause(REHEARSAL_MS);
  await scene.close();
}

type Performance = Pick<SoakResult, 'seconds' | 'incidents' | 'faults' | 'subjects'> & {
  readonly violations: Violations;
};

async function perform(scene: Scene, { minutes }: SoakOptions): Promise<Performance> {
  const started = performance.now();
  await scene.open();
  const incidents = await scene.play(started + minutes * 60_000, started);
  await scene.close();
  return {
    seconds: (performance.now() - started) / 1000,
    incidents,
    faults: scene.faults,
    violations: scene.violations,
    subjects: scene.subjects.map(({ plan, totals }) => ({ plan, totals })),
  };
}

/** The clients of a run and their load. */
class Scene {
  readonly violations = new Violations();
  readonly faults = new FaultLog();
  readonly subjects: readonly Subject[];
  readonly #options: SoakOptions;
  readonly #injector: FaultInjector;
  #loads: readonly Load[] = [];
  #inspection: NodeJS.Timeout | undefined;

  constructor(options: SoakOptions, stage: Stage, stalls: EventLoopStalls) {
    this.#options = options;
    const around: Surroundings = {
      servers: [...stage.backends, ...stage.peers.histories],
      faults: this.faults,
      violations: this.violations,
      stalledSince: (time) => stalls.sinceMs(time),
    };
    const listed = stage.backends.slice(0, -1).map(({ address }) => address);
    this.subjects = options.subjects.map((plan) => {
      const { discovery } = plan;
      const own =
        discovery === 'manual' ? manualDiscovery(listed) : stage.catalogue.follow(listed, [], discovery);
      return new Subject(plan, own, around);
    });
    this.#injector = new FaultInjector(stage, this.subjects, around);
  }

  /** The load begins when every policy has been served by every listed server. */
  async open(): Promise<void> {
    await Promise.all(this.subjects.map((subject) => servedByAll(subject, this.#injector.order)));
    this.#loads = this.subjects.map((subject) => new Load(subject, this.#options.seed));
    this.#inspection = setInterval(() => {
      for (const subject of this.subjects) subject.inspect();
    }, INSPECT_EVERY_MS);
  }

  /** Incident after incident until that time; answers with their number. */
  async play(end: number, started: number): Promise<number> {
    const { seed, kinds, signal, isEnough, onProgress } = this.#options;
    let incidents = 0;
    for (const incident of planIncidents(seed, kinds)) {
      if (performance.now() >= end || signal.aborted || isEnough(this.violations.list)) break;
      onProgress({
        elapsedMs: performance.now() - started,
        incidents,
        incident,
        rpcs: this.subjects.reduce((sum, { totals }) => sum + totals.rpcs, 0),
        violations: this.violations.list.length,
      });
      await this.#injector.run(incident, signal);
      await this.#probe();
      incidents++;
    }
    return incidents;
  }

  async close(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.stop()));
    clearInterval(this.#inspection);
    for (const subject of this.subjects) {
      subject.inspect(true);
      subject.close();
    }
  }

  /** All endpoints are well again: with the load at rest, the rotation must be exact. */
  async #probe(): Promise<void> {
    const { order } = this.#injector;
    await Promise.all(
      this.subjects.map(async (subject, n) => {
        if (subject.plan.repeatCount === undefined) return;
        await this.#loads[n]?.pause();
        if (await allReady(subject, order)) {
          subject.totals.probes++;
          const wrong = await probeRotation(subject, order);
          if (wrong) subject.broke('ratio', wrong);
          else subject.totals.exactProbes++;
        } else
          subject.broke(
            'heal',
            `not all of ${order.join(', ')} are READY ${READY_MS} ms after the last heal`,
          );
        this.#loads[n]?.resume();
      }),
    );
  }
}

/** Waits for the events to say so; where there are none, each endpoint has served again already. */
async function allReady({ ready }: Subject, order: readonly string[]): Promise<boolean> {
  const end = performance.now() + READY_MS;
  while (ready && !ready.are(order)) {
    if (performance.now() > end) return false;
    await pause(20);
  }
  return true;
}

async function servedByAll(subject: Subject, order: readonly string[]): Promise<void> {
  const missing = new Set(order);
  for (let n = 0; n < MAX_FIRST_RPCS && missing.size > 0; n++) missing.delete((await unary(subject)) ?? '');
  if (missing.size > 0)
    throw new Error(`${subject.plan.name} was never served by ${[...missing].join(', ')}`);
}
