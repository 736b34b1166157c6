/** gRPC's standard client metrics for @grpc/grpc-js, by OpenTelemetry. */
export { type InstrumentOptions, instrument } from './instrument.js';
export { withCustomLabel } from './labels/custom.js';
export { METRICS, type Metric, type MetricName, type OptionalLabel } from './metrics/table.js';
