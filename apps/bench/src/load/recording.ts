/** What a client of the benchmark of metrics records, and who does it: the package, or the SDK without it. */
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { type HistogramName, instrument, METRICS, type MetricName } from '@petiole/opentelemetry';
import { UNARY } from './wire.js';

/**
 * `default` and `all` are the metrics that the package records by an SDK. `hooks alone` is the package with an SDK that nobody
 * reads, which keeps nothing. `records alone` are the default metrics of an RPC, recorded by hand and without the package.
 */
export type Recording = 'default' | 'all' | 'hooks alone' | 'records alone';

/** Records an RPC by hand. */
export interface ByHand {
  started(): void;
  ended(milliseconds: number, bytes: number): void;
}

/** As an exporter for Prometheus has it: everything is kept until somebody asks. */
class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

export function startRecording(recording: Recording): ByHand | undefined {
  const meterProvider = new MeterProvider({ readers: recording === 'hooks alone' ? [] : [new Reader()] });
  if (recording === 'records alone') return byHand(meterProvider);
  const enable = recording === 'all' ? (Object.keys(METRICS) as MetricName[]) : [];
  instrument({ meterProvider, enable, genericMethodAttributeFilter: () => true });
  return undefined;
}

function byHand(meterProvider: MeterProvider): ByHand {
  const meter = meterProvider.getMeter('by hand');
  const histogram = (name: HistogramName): ReturnType<typeof meter.createHistogram> => {
    const { unit, bounds = [] } = METRICS[name];
    return meter.createHistogram(name, { unit, advice: { explicitBucketBoundaries: [...bounds] } });
  };
  const attempts = meter.createCounter('grpc.client.attempt.started');
  const durations = [histogram('grpc.client.attempt.duration'), histogram('grpc.client.call.duration')];
  const sizes = [
    histogram('grpc.client.attempt.sent_total_compressed_message_size'),
    histogram('grpc.client.attempt.rcvd_total_compressed_message_size'),
  ];
  const labels = { 'grpc.method': UNARY.slice(1), 'grpc.target': 'dns:///echo.example:50051' };
  const ended = { ...labels, 'grpc.status': 'OK' };
  return {
    started: () => attempts.add(1, labels),
    ended(milliseconds, bytes) {
      for (const duration of durations) duration.record(milliseconds / 1000, ended);
      for (const size of sizes) size.record(bytes, ended);
    },
  };
}
