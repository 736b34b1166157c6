/**
 * Every metric of this package: what it is called, what it counts, in which unit, with which labels, and whether it is on
 * unless somebody says otherwise. The `grpc.*` ones are those of the gRFCs, word for word as other languages' gRPC exports
 * them; the `petiole.*` ones are ours.
 */

import type { OptionalLabel } from '../labels/options.js';

/** A66: "Buckets for histograms in default views", in seconds. */
const LATENCY = [
  0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01,
  0.013, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65,
  0.8, 1, 2, 5, 10, 20, 50, 100,
];
/** The same, in bytes. */
const SIZE = [
  0, 1024, 2048, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864, 268435456, 1073741824,
  4294967296,
];

/** Metrics that count what happens. */
export type CounterName =
  | 'grpc.client.attempt.started'
  | 'grpc.subchannel.disconnections'
  | 'grpc.subchannel.connection_attempts_succeeded'
  | 'grpc.subchannel.connection_attempts_failed'
  | 'grpc.lb.outlier_detection.ejections_enforced'
  | 'petiole.client.attempt.picks'
  | 'petiole.resolver.failures';

/** Metrics of how much, or how long. */
export type HistogramName =
  | 'grpc.client.call.duration'
  | 'grpc.client.attempt.duration'
  | 'grpc.client.attempt.sent_total_compressed_message_size'
  | 'grpc.client.attempt.rcvd_total_compressed_message_size'
  | 'grpc.client.call.retries'
  | 'grpc.client.call.transparent_retries'
  | 'grpc.client.call.hedges'
  | 'grpc.client.call.retry_delay';

/** Metrics of what there is, read when the SDK collects. */
export type ObservedName =
  | 'grpc.subchannel.open_connections'
  | 'petiole.client.calls_waiting'
  | 'petiole.lb.endpoints'
  | 'petiole.lb.endpoint_health'
  | 'petiole.resolver.answer_age';

/** The name of a metric. */
export type MetricName = CounterName | HistogramName | ObservedName;

/** A row of {@link METRICS}. */
export interface Metric {
  readonly kind: 'counter' | 'up-down counter' | 'histogram' | 'gauge';
  /** In UCUM, as OpenTelemetry writes it: `s`, `By`, `{attempt}`. */
  readonly unit: string;
  readonly description: string;
  readonly labels: readonly string[];
  readonly optionalLabels: readonly OptionalLabel[];
  /** Bounds of a histogram's buckets, as advice: a view of the SDK's user counts for more. */
  readonly bounds?: readonly number[];
  /** Whether it is on unless `disable` names it; otherwise it is off unless `enable` names it. */
  readonly isDefault: boolean;
  /** Where it comes from: a gRFC, or `petiole`. */
  readonly source: string;
}

const CALL = ['grpc.method', 'grpc.target'] as const;
const ENDED = [...CALL, 'grpc.status'] as const;
const CUSTOM = ['grpc.client.call.custom'] as const;
const BACKEND = ['grpc.lb.backend_service', 'grpc.lb.locality'] as const;

const attempt = {
  labels: ENDED,
  optionalLabels: [...CUSTOM, ...BACKEND],
  isDefault: true,
  source: 'A66',
} as const;
const retries = { labels: CALL, optionalLabels: CUSTOM, isDefault: false, source: 'A96' } as const;
const connection = {
  labels: ['grpc.target'],
  optionalLabels: BACKEND,
  isDefault: true,
  source: 'A94',
} as const;
const ours = { labels: ['grpc.target'], optionalLabels: [], isDefault: true, source: 'petiole' } as const;
const bytes = { kind: 'histogram', unit: 'By', bounds: SIZE } as const;
const seconds = { kind: 'histogram', unit: 's', bounds: LATENCY } as const;

/** All metrics by name. */
export const METRICS: Readonly<Record<MetricName, Metric>> = {
  'grpc.client.call.duration': {
    ...attempt,
    ...seconds,
    optionalLabels: CUSTOM,
    description: "Time taken by gRPC to complete an RPC from application's perspective.",
  },
  'grpc.client.attempt.started': {
    ...attempt,
    kind: 'counter',
    unit: '{attempt}',
    labels: CALL,
    optionalLabels: CUSTOM,
    description: 'Number of client call attempts started.',
  },
  'grpc.client.attempt.duration': {
    ...attempt,
    ...seconds,
    description: 'End-to-end time taken to complete a client call attempt.',
  },
  'grpc.client.attempt.sent_total_compressed_message_size': {
    ...attempt,
    ...bytes,
    description: 'Compressed message bytes sent per client call attempt.',
  },
  'grpc.client.attempt.rcvd_total_compressed_message_size': {
    ...attempt,
    ...bytes,
    description: 'Compressed message bytes received per call attempt.',
  },
  'grpc.client.call.retries': {
    ...retries,
    kind: 'histogram',
    unit: '{retry}',
    bounds: [1, 2, 3, 4, 5],
    description: 'Number of retries during the client call. If there were no retries, 0 is not reported.',
  },
  'grpc.client.call.transparent_retries': {
    ...retries,
    kind: 'histogram',
    unit: '{transparent_retry}',
    bounds: [1, 2, 3, 4, 5, 10],
    description:
      'Number of transparent retries during the client call. If there were no transparent retries, 0 is not reported.',
  },
  'grpc.client.call.hedges': {
    ...retries,
    kind: 'histogram',
    unit: '{hedge}',
    bounds: [1, 2, 3, 4, 5],
    description: 'Number of hedges during the client call. If there were no hedges, 0 is not reported.',
  },
  'grpc.client.call.retry_delay': {
    ...retries,
    ...seconds,
    description: 'Total time of delay while there is no active attempt during the client call.',
  },
  'grpc.subchannel.disconnections': {
    ...connection,
    kind: 'counter',
    unit: '{disconnection}',
    optionalLabels: [...BACKEND, 'grpc.disconnect_error'],
    description: 'EXPERIMENTAL. Number of times the selected subchannel becomes disconnected.',
  },
  'grpc.subchannel.connection_attempts_succeeded': {
    ...connection,
    kind: 'counter',
    unit: '{attempt}',
    description: 'EXPERIMENTAL. Number of successful connection attempts.',
  },
  'grpc.subchannel.connection_attempts_failed': {
    ...connection,
    kind: 'counter',
    unit: '{attempt}',
    description: 'EXPERIMENTAL. Number of failed connection attempts.',
  },
  'grpc.subchannel.open_connections': {
    ...connection,
    kind: 'up-down counter',
    // A94 has {connection}; grpc-go exports {attempt}.
    unit: '{connection}',
    description: 'EXPERIMENTAL. Number of open connections.',
  },
  'grpc.lb.outlier_detection.ejections_enforced': {
    kind: 'counter',
    unit: '{ejection}',
    description: 'EXPERIMENTAL. Number of outlier ejections enforced by detection method',
    labels: ['grpc.target', 'grpc.lb.outlier_detection.detection_method'],
    optionalLabels: [],
    isDefault: true,
    source: 'A91',
  },
  'petiole.client.attempt.picks': {
    ...ours,
    kind: 'counter',
    unit: '{pick}',
    description: 'Number of times an endpoint was picked for a client call attempt.',
    labels: ['grpc.target', 'petiole.endpoint'],
    isDefault: false,
  },
  'petiole.client.calls_waiting': {
    ...ours,
    kind: 'up-down counter',
    unit: '{call}',
    description:
      'Number of RPCs that wait for name resolution, for a pick, or for a stream of a full connection.',
    labels: ['grpc.target', 'petiole.waiting_for'],
  },
  'petiole.lb.endpoints': {
    ...ours,
    kind: 'up-down counter',
    unit: '{endpoint}',
    description: 'Number of endpoints that are CONNECTING, READY or in TRANSIENT_FAILURE.',
    labels: ['grpc.target', 'petiole.endpoint.state'],
  },
  'petiole.lb.endpoint_health': {
    ...ours,
    kind: 'up-down counter',
    unit: '{endpoint}',
    description: 'Number of endpoints whose server has told its health, by what it is.',
    labels: ['grpc.target', 'petiole.endpoint.health'],
  },
  'petiole.resolver.failures': {
    ...ours,
    kind: 'counter',
    unit: '{failure}',
    description: 'Number of failed name resolutions.',
  },
  'petiole.resolver.answer_age': {
    ...ours,
    kind: 'gauge',
    unit: 's',
    description: 'Time since the last good answer of the name resolver of an open channel.',
  },
};
