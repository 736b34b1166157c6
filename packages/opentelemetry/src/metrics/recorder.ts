/** Records what is told of grpc-js, and of Petiole's policies and resolvers, by the instruments of a MeterProvider. */
import type { ChannelInterface } from '@grpc/grpc-js';
import type { Attributes, MeterProvider, ObservableCallback, ObservableResult } from '@opentelemetry/api';
import { context, metrics } from '#api';
import { openConnections } from '../grpc-js/subchannels.js';
import { eachWaiting } from '../grpc-js/waiting.js';
import type {
  Backend,
  CallObserver,
  ConnectionChange,
  DetectionMethod,
  Watcher,
} from '../grpc-js/watchers.js';
import { Labels } from '../labels/labels.js';
import { CallMetrics } from './calls.js';
import { Count } from './count.js';
import { createInstruments, enabledMetrics, type Instruments } from './instruments.js';
import { checkOptions, type InstrumentOptions } from './options.js';
import { PublishedMetrics } from './published.js';
import type { MetricName, ObservedName } from './table.js';
import { Turn } from './turn.js';

/** Records that wait for the end of a turn of the event loop. */
const MOST_LATE = 1000;

export class Recorder implements Watcher {
  /** Absent unless it is wanted: it is told of every pick. */
  readonly picked?: (target: string, address: string) => void;
  readonly #enabled: ReadonlySet<MetricName>;
  readonly #labels: Labels;
  readonly #fixedProvider: MeterProvider | undefined;
  readonly #published: PublishedMetrics;
  /** Of what is observed, as far as it is on. */
  readonly #callbacks = new Map<ObservedName, ObservableCallback>();
  #provider: MeterProvider | undefined = undefined;
  #instruments: Instruments = {};
  readonly #turn: Turn;
  readonly #connections = new Sums();
  readonly #waiting = { 'name resolution': new Sums(), pick: new Sums(), stream: new Sums() };

  /** @throws as {@link checkOptions} does */
  constructor(options: InstrumentOptions) {
    checkOptions(options);
    this.#enabled = enabledMetrics(options.enable, options.disable);
    this.#labels = new Labels(options);
    this.#fixedProvider = options.meterProvider;
    this.#published = new PublishedMetrics(this.#labels, this.#enabled, () => this.#now());
    const callbacks: Record<ObservedName, ObservableCallback> = {
      'grpc.subchannel.open_connections': (result) => this.#observeConnections(result),
      'petiole.client.calls_waiting': (result) => this.#observeWaiting(result),
      'petiole.lb.endpoints': this.#published.observeStates,
      'petiole.lb.endpoint_health': this.#published.observeHealths,
      'petiole.resolver.answer_age': this.#published.observeAges,
    };
    const observed = (Object.keys(callbacks) as ObservedName[]).filter((name) => this.#enabled.has(name));
    // That somebody collects shows in these callbacks alone: without any, nothing is put off.
    this.#turn = new Turn(observed.length > 0 ? MOST_LATE : 1);
    for (const name of observed) {
      this.#callbacks.set(name, (result) => {
        this.#turn.end();
        return callbacks[name](result);
      });
    }
    if (this.#enabled.has('petiole.client.attempt.picks')) {
      this.picked = (target, address) => {
        const labels = this.#labels.ofTarget(target)?.pick(address);
        const picks = this.#now()['petiole.client.attempt.picks'];
        if (labels && picks) Count.add(this.#turn, picks, labels, context.active());
      };
    }
    this.#now();
  }

  callStarted(channel: ChannelInterface, method: string, registered: boolean): CallObserver | undefined {
    const labels = this.#labels.ofChannel(channel)?.ofMethod(method, registered);
    return labels && new CallMetrics(this.#now(), labels, this.#turn);
  }

  connectionChanged(target: string, change: ConnectionChange, backend: Backend): void {
    const labels = this.#labels.ofTarget(target);
    if (labels === undefined) return;
    const instruments = this.#now();
    const connection = labels.connection(backend);
    switch (change.kind) {
      case 'opened':
        this.#connections.add(connection, 0);
        instruments['grpc.subchannel.connection_attempts_succeeded']?.add(1, connection);
        break;
      case 'failed':
        instruments['grpc.subchannel.connection_attempts_failed']?.add(1, connection);
        break;
      default:
        instruments['grpc.subchannel.disconnections']?.add(1, labels.disconnection(backend, change.error));
    }
  }

  ejected(target: string | undefined, method: DetectionMethod): void {
    const labels = this.#labels.ofTarget(target ?? '')?.target;
    const ejections = this.#now()['grpc.lb.outlier_detection.ejections_enforced'];
    if (labels) ejections?.add(1, { ...labels, 'grpc.lb.outlier_detection.detection_method': method });
  }

  close(): void {
    this.#published.close();
    this.#turn.end();
    this.#forget();
  }

  /** The instruments of the provider that counts now: a global one may come, and go, at any time. */
  #now(): Instruments {
    const provider = this.#fixedProvider ?? metrics.getMeterProvider();
    if (provider === this.#provider) return this.#instruments;
    this.#forget();
    this.#provider = provider;
    this.#instruments = createInstruments(provider.getMeter('grpc-js'), this.#enabled);
    for (const [name, callback] of this.#callbacks) this.#instruments[name]?.addCallback(callback);
    return this.#instruments;
  }

  #forget(): void {
    for (const [name, callback] of this.#callbacks) this.#instruments[name]?.removeCallback(callback);
  }

  #observeConnections(result: ObservableResult): void {
    this.#connections.reset();
    for (const [target, connections] of openConnections()) {
      const labels = this.#labels.ofTarget(target);
      if (labels === undefined) continue;
      for (const { backend } of connections.values()) this.#connections.add(labels.connection(backend), 1);
    }
    this.#connections.observe(result);
  }

  #observeWaiting(result: ObservableResult): void {
    for (const sums of Object.values(this.#waiting)) sums.reset();
    eachWaiting((target, what, count) => {
      const labels = this.#labels.ofTarget(target)?.target;
      if (labels) this.#waiting[what].add(labels, count);
    });
    for (const [what, sums] of Object.entries(this.#waiting))
      sums.observe(result, { 'petiole.waiting_for': what });
  }
}

/** Sums by labels. Those that there were once go on to be 0: SDKs keep what was observed last. */
class Sums {
  readonly #byLabels = new Map<Attributes, number>();

  reset(): void {
    for (const labels of this.#byLabels.keys()) this.#byLabels.set(labels, 0);
  }

  add(labels: Attributes, count: number): void {
    this.#byLabels.set(labels, (this.#byLabels.get(labels) ?? 0) + count);
  }

  observe(result: ObservableResult, further: Attributes = {}): void {
    for (const [labels, count] of this.#byLabels) result.observe(count, { ...labels, ...further });
  }
}
