/**
 * What the policies and resolvers of Petiole publish on `node:diagnostics_channel`, by the names of the channels alone: it
 * works without those packages. Of an endpoint its name is kept, for as long as it is in a state that counts.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ObservableResult } from '@opentelemetry/api';
import { openTargets } from '../grpc-js/waiting.js';
import { kept } from '../labels/kept.js';
import type { Labels, TargetLabels } from '../labels/labels.js';
import type { Instruments } from './instruments.js';
import type { MetricName } from './table.js';

/** A message of `petiole.endpoint.state` and `petiole.health.status`. */
interface Change {
  readonly target: string | undefined;
  readonly endpoint: string;
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

type Counts = Map<TargetLabels, Map<string, Entered>>;

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
        (change: Change) => this.#count(this.#states, change, nameOf(change)),
      ],
      [
        'petiole.lb.endpoint_health',
        'petiole.health.status',
        // A watch goes on when its endpoint gets another name, and no message tells of that.
        (change: Change) => this.#count(this.#healths, change, ''),
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

  #count(counts: Counts, { target = '', from, to }: Change, name: string): void {
    const labels = this.#labels.ofTarget(target);
    if (labels === undefined) return;
    const byState = kept(counts, labels, () => new Map<string, Entered>());
    if (!UNCOUNTED.has(from)) kept(byState, from, () => new Entered()).leave(name);
    if (!UNCOUNTED.has(to)) kept(byState, to, () => new Entered()).enter(name);
  }

  #failed({ target, error }: Answer): void {
    const labels = error === undefined ? undefined : this.#labels.ofTarget(target);
    if (labels) this.#now()['petiole.resolver.failures']?.add(1, labels.target);
  }
}

/**
 * Those that were seen to enter a state, and not yet to leave it. Several channels may have an endpoint of the same name.
 * Endpoints of before anybody listened leave states that they were never seen to enter: they take no other one's place.
 */
class Entered {
  count = 0;
  readonly #byName = new Map<string, number>();

  enter(name: string): void {
    this.#byName.set(name, (this.#byName.get(name) ?? 0) + 1);
    this.count += 1;
  }

  leave(name: string): void {
    const times = this.#byName.get(name);
    if (times === undefined) return;
    if (times === 1) this.#byName.delete(name);
    else this.#byName.set(name, times - 1);
    this.count -= 1;
  }
}

/** An endpoint is its set of addresses (gRFC A61); messages have them as the resolver gave them last, in any order and number. */
function nameOf({ endpoint }: Change): string {
  return [...new Set(endpoint.split('+'))].sort().join('+');
}

function observe(result: ObservableResult, counts: Counts, label: string): void {
  for (const [labels, byState] of counts) {
    for (const [state, { count }] of byState) result.observe(count, { ...labels.target, [label]: state });
  }
}
