/** Turns metrics on: what grpc-js does is watched, and recorded by the instruments of a MeterProvider. */
import { type Attributes, type MeterProvider, metrics, type ObservableResult } from '@opentelemetry/api';
import { type CallObserver, type StartedCall, watchCalls } from './grpc-js/calls.js';
import { hookGrpcJs } from './grpc-js/hooks.js';
import { type ConnectionChange, openConnections, watchConnections } from './grpc-js/subchannels.js';
import { customLabel } from './labels/custom.js';
import { canonicalTarget } from './labels/target.js';
import { CallMetrics } from './metrics/calls.js';
import { createInstruments, enabledMetrics, type Instruments } from './metrics/instruments.js';
import type { MetricName, OptionalLabel } from './metrics/table.js';

/** What {@link instrument} takes; every field may be left out. */
export interface InstrumentOptions {
  /** Whose instruments record. Default: the global one of `@opentelemetry/api`, from when there is one. */
  readonly meterProvider?: MeterProvider;
  /**
   * Which channels have metrics, by their target, as in `dns:///echo.example:50051`. Asked for each RPC and connection.
   * Default: all.
   */
  readonly channels?: (target: string) => boolean;
  /** Metrics that are off by default, by name (gRFC A79). */
  readonly enable?: readonly MetricName[];
  /** Metrics that are on by default, by name; it counts for more than `enable`. */
  readonly disable?: readonly MetricName[];
  /** Labels to have beside the required ones, on metrics that know them (gRFC A79). Default: none. */
  readonly optionalLabels?: readonly OptionalLabel[];
  /**
   * Which targets are a label as they are; others are `other`. For programs that open channels to ever new targets (gRFC A66).
   * Default: all are.
   */
  readonly targetAttributeFilter?: (target: string) => boolean;
  /**
   * Which methods are a label as they are, such as `package.Service/Method`, though no generated client has them; others are
   * `other` (gRFC A66). Default: none is.
   */
  readonly genericMethodAttributeFilter?: (method: string) => boolean;
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
  readonly #options: InstrumentOptions;
  readonly #enabled: ReadonlySet<MetricName>;
  readonly #optional: ReadonlySet<OptionalLabel>;
  #provider: MeterProvider | undefined = undefined;
  #instruments: Instruments = {};
  /** Labels of targets that had connections: they go on to have 0. */
  readonly #targets = new Set<string>();

  constructor(options: InstrumentOptions) {
    this.#options = options;
    this.#enabled = enabledMetrics(options.enable, options.disable);
    this.#optional = new Set(options.optionalLabels);
    this.#now();
  }

  callStarted({ target, method, registered }: StartedCall): CallObserver | undefined {
    const canonical = canonicalTarget(target);
    if (!this.#isChosen(canonical)) return undefined;
    return new CallMetrics(this.#now(), {
      call: {
        'grpc.method': this.#method(method.replace(/^\//, ''), registered),
        'grpc.target': this.#target(canonical),
        ...this.#optionally('grpc.client.call.custom', customLabel),
      },
      attempt: this.#backend(),
    });
  }

  connectionChanged(channel: string, change: ConnectionChange): void {
    const canonical = canonicalTarget(channel);
    if (!this.#isChosen(canonical)) return;
    const target = this.#target(canonical);
    const labels = { 'grpc.target': target, ...this.#backend() };
    const instruments = this.#now();
    if (change !== 'failed') this.#targets.add(target);
    switch (change) {
      case 'opened':
        instruments['grpc.subchannel.connection_attempts_succeeded']?.add(1, labels);
        break;
      case 'failed':
        instruments['grpc.subchannel.connection_attempts_failed']?.add(1, labels);
        break;
      default:
        instruments['grpc.subchannel.disconnections']?.add(1, labels);
    }
  }

  close(): void {
    this.#instruments['grpc.subchannel.open_connections']?.removeCallback(this.#observeConnections);
  }

  /** The instruments of the provider that counts now: a global one may come, and go, at any time. */
  #now(): Instruments {
    const provider = this.#options.meterProvider ?? metrics.getMeterProvider();
    if (provider !== this.#provider) {
      this.close();
      this.#provider = provider;
      this.#instruments = createInstruments(provider.getMeter('grpc-js'), this.#enabled);
      this.#instruments['grpc.subchannel.open_connections']?.addCallback(this.#observeConnections);
    }
    return this.#instruments;
  }

  readonly #observeConnections = (result: ObservableResult): void => {
    const sums = new Map([...this.#targets].map((target) => [target, 0]));
    for (const [target, count] of openConnections()) {
      const canonical = canonicalTarget(target);
      if (!this.#isChosen(canonical)) continue;
      const label = this.#target(canonical);
      sums.set(label, (sums.get(label) ?? 0) + count);
      this.#targets.add(label);
    }
    for (const [target, count] of sums) result.observe(count, { 'grpc.target': target, ...this.#backend() });
  };

  #isChosen(target: string): boolean {
    return this.#options.channels?.(target) ?? true;
  }

  #target(target: string): string {
    return (this.#options.targetAttributeFilter?.(target) ?? true) ? target : 'other';
  }

  #method(method: string, registered: boolean): string {
    return registered || this.#options.genericMethodAttributeFilter?.(method) ? method : 'other';
  }

  #optionally(label: OptionalLabel, value: () => string): Attributes {
    return this.#optional.has(label) ? { [label]: value() } : {};
  }

  /** Empty, as in other languages, where nothing is known. */
  #backend(): Attributes {
    return {
      ...this.#optionally('grpc.lb.locality', () => ''),
      ...this.#optionally('grpc.lb.backend_service', () => ''),
    };
  }
}
