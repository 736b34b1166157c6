/** Turns metrics on: what grpc-js does is watched, and recorded by the instruments of a MeterProvider. */
import type { ChannelInterface } from '@grpc/grpc-js';
import { type MeterProvider, metrics, type ObservableResult } from '@opentelemetry/api';
import { type CallObserver, watchCalls } from './grpc-js/calls.js';
import { hookGrpcJs } from './grpc-js/hooks.js';
import { type ConnectionChange, openConnections, watchConnections } from './grpc-js/subchannels.js';
import { Labels, type TargetLabels } from './labels/labels.js';
import type { LabelOptions } from './labels/options.js';
import { CallMetrics } from './metrics/calls.js';
import { createInstruments, enabledMetrics, type Instruments } from './metrics/instruments.js';
import type { MetricName } from './metrics/table.js';

/** What {@link instrument} takes. Every field may be left out. */
export interface InstrumentOptions extends LabelOptions {
  /** Whose instruments record. Default: the global one of `@opentelemetry/api`, from when there is one. */
  readonly meterProvider?: MeterProvider;
  /** Metrics that are off by default, by name (gRFC A79). */
  readonly enable?: readonly MetricName[];
  /** Metrics that are on by default, by name; it counts for more than `enable`. */
  readonly disable?: readonly MetricName[];
}

/**
 * Records gRPC's client metrics of every channel of the process, also of those that exist already, from the next RPC and
 * connection attempt on. Called twice, both record: with two providers, for instance.
 *
 * @returns what ends it
 * @throws RangeError if `enable` or `disable` names a metric that there is not
 */
export function instrument(options: InstrumentOptions = {}): () => void {
  const recorder = new Recorder(options);
  hookGrpcJs();
  const ends = [watchCalls(recorder), watchConnections(recorder)];
  return () => {
    for (const end of ends) end();
    recorder.close();
  };
}

class Recorder {
  readonly #enabled: ReturnType<typeof enabledMetrics>;
  readonly #labels: Labels;
  readonly #fixedProvider: MeterProvider | undefined;
  #provider: MeterProvider | undefined = undefined;
  #instruments: Instruments = {};
  /** Targets that had connections: they go on to have 0. */
  readonly #connected = new Set<TargetLabels>();

  constructor(options: InstrumentOptions) {
    this.#enabled = enabledMetrics(options.enable, options.disable);
    this.#labels = new Labels(options);
    this.#fixedProvider = options.meterProvider;
    this.#now();
  }

  callStarted(channel: ChannelInterface, method: string, registered: boolean): CallObserver | undefined {
    const labels = this.#labels.ofChannel(channel)?.ofMethod(method, registered);
    return labels && new CallMetrics(this.#now(), labels);
  }

  connectionChanged(target: string, change: ConnectionChange): void {
    const labels = this.#labels.ofTarget(target);
    if (labels === undefined) return;
    const instruments = this.#now();
    switch (change) {
      case 'opened':
        this.#connected.add(labels);
        instruments['grpc.subchannel.connection_attempts_succeeded']?.add(1, labels.connection);
        break;
      case 'failed':
        instruments['grpc.subchannel.connection_attempts_failed']?.add(1, labels.connection);
        break;
      default:
        instruments['grpc.subchannel.disconnections']?.add(1, labels.connection);
    }
  }

  close(): void {
    this.#instruments['grpc.subchannel.open_connections']?.removeCallback(this.#observeConnections);
  }

  /** The instruments of the provider that counts now: a global one may come, and go, at any time. */
  #now(): Instruments {
    const provider = this.#fixedProvider ?? metrics.getMeterProvider();
    if (provider !== this.#provider) {
      this.close();
      this.#provider = provider;
      this.#instruments = createInstruments(provider.getMeter('grpc-js'), this.#enabled);
      this.#instruments['grpc.subchannel.open_connections']?.addCallback(this.#observeConnections);
    }
    return this.#instruments;
  }

  readonly #observeConnections = (result: ObservableResult): void => {
    const sums = new Map([...this.#connected].map((labels) => [labels, 0]));
    for (const [target, count] of openConnections()) {
      const labels = this.#labels.ofTarget(target);
      if (labels === undefined) continue;
      this.#connected.add(labels);
      sums.set(labels, (sums.get(labels) ?? 0) + count);
    }
    for (const [labels, count] of sums) result.observe(count, labels.connection);
  };
}
