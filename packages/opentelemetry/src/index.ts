/** gRPC's standard client metrics for @grpc/grpc-js, by OpenTelemetry. */
export { instrument } from './instrument.js';
export { withCustomLabel } from './labels/custom.js';
export {
  type CounterName,
  type HistogramName,
  METRICS,
  type Metric,
  type MetricName,
  type ObservedName,
  type OptionalLabel,
} from './metrics/table.js';
export type { InstrumentOptions } from './options.js';
