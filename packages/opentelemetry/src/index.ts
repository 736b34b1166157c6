/** gRPC's standard client metrics for @grpc/grpc-js, by OpenTelemetry. */
export { instrument } from './instrument.js';
export { withCustomLabel } from './labels/custom.js';
export type { LabelOptions, OptionalLabel } from './labels/options.js';
export type { InstrumentOptions } from './metrics/options.js';
export {
  type CounterName,
  type HistogramName,
  METRICS,
  type Metric,
  type MetricName,
  type ObservedName,
} from './metrics/table.js';
