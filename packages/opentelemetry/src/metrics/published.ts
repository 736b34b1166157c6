/**
 * What the policies and resolvers of Petiole publish on `node:diagnostics_channel`, by the names of the channels alone: it
 * works without those packages. There may be any number of endpoints, so they are counted and not kept.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ObservableResult } from '@opentelemetry/api';
import { openTargets } from '../grpc-js/waiting.js';
import type { Labels, TargetLabels } from '../labels/labels.js';
import type { Instruments } from './instruments.js';
import type { MetricName } from './table.js';

/** A message of `petiole.endpoint.state` and `petiole.health.status`. */
interface Change {
  readonly target: string | undefined;
  readonly from: string;
  readonly to: string;
}

/** A message of `petiole.resolver.update` and `petiole.resolver.answer`. */
interface Answer {
  readonly target: string;
  readonly error?: string;
}

/** An endpoint begins IDLE, and its health PENDING, without a word; both end with the other two. */
const UNCOUNTED = new Set(['IDLE', 'SHUTDOWN', 'PENDING', 'ENDED']);

type Counts = Map<TargetLabels, Map<string, number>>;

export class PublishedMetrics {
  readonly #labels: Labels;
  readonly #now: () => Instruments;
  readonly #states: Counts = new Map();
  readonly #healths: Counts = new Map();
  /** When the last good answer came, by target as grpc-js writes it. */
  readonly #answeredAt = new Map<string, number>();
  readonly #listeners: readonly (readonly [string, (message: unknown) => void])[];

  /** Only what is recorded is listened to. */
  constructor(labels: Labels, enabled: ReadonlySet<MetricName>, now: () => Instruments) {
    this.#labels = labels;
    this.#now = now;
    const all: readonly [MetricName, string, (message: never) => void][] = [
      [
        'petiole.lb.endpoints',
        'petiole.endpoint.state',
        (change: Change) => this.#count(this.#states, change),
      ],
      [
        'petiole.lb.endpoint_health',
        'petiole.health.status',
        (change: Change) => this.#count(this.#healths, change),
      ],
      ['petiole.resolver.failures', 'petiole.resolver.update', (update: Answer) => this.#failed(update)],
      [
        'petiole.resolver.answer_age',
        'petiole.resolver.answer',
        ({ target }: Answer) => void this.#answeredAt.set(target, performance.now()),
      ],
    ];
    // A channel's name says what its messages are.
    this.#listeners = all
      .filter(([metric]) => enabled.has(metric))
      .map(([, channel, listener]) => [channel, listener as (message: unknown) => void]);
    for (const [channel, listener] of this.#listeners) subscribe(channel, listener);
  }

  close(): void {
    for (const [channel, listener] of this.#listeners) unsubscribe(channel, listener);
  }

  readonly observeStates = (result: ObservableResult): void =>
    observe(result, this.#states, 'petiole.endpoint.state');

  readonly observeHealths = (result: ObservableResult): void =>
    observe(result, this.#healths, 'petiole.endpoint.health');

  /** Of several channels with the same label, the oldest answer counts. 0 where no channel is open any more. */
  readonly observeAges = (result: ObservableResult): void => {
    const open = openTargets();
    const now = performance.now();
    const ages = new Map<TargetLabels, number>();
    for (const [target, at] of this.#answeredAt) {
      const labels = this.#labels.ofTarget(target);
      const age = open.has(target) ? (now - at) / 1000 : 0;
      if (labels) ages.set(labels, Math.max(age, ages.get(labels) ?? 0));
      if (!open.has(target)) this.#answeredAt.delete(target);
    }
    for (const [labels, age] of ages) result.observe(age, labels.target);
  };

  #count(counts: Counts, { target = '', from, to }: Change): void {
    const labels = this.#labels.ofTarget(target);
    if (labels === undefined) return;
    const byState = counts.get(labels) ?? new Map<string, number>();
    counts.set(labels, byState);
    // Endpoints of before anybody listened leave states that they were never seen to enter.
    if (!UNCOUNTED.has(from)) byState.set(from, Math.max(0, (byState.get(from) ?? 0) - 1));
    if (!UNCOUNTED.has(to)) byState.set(to, (byState.get(to) ?? 0) + 1);
  }

  #failed({ target, error }: Answer): void {
    const labels = error === undefined ? undefined : this.#labels.ofTarget(target);
    if (labels) this.#now()['petiole.resolver.failures']?.add(1, labels.target);
  }
}

function observe(result: ObservableResult, counts: Counts, label: string): void {
  for (const [labels, byState] of counts) {
    for (const [state, count] of byState) result.observe(count, { ...labels.target, [label]: state });
  }
}
