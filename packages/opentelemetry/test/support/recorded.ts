/** What an SDK has recorded, as plain data. */
import type { Attributes } from '@opentelemetry/api';
import {
  DataPointType,
  MeterProvider,
  type MetricData,
  MetricReader,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import type { MetricName } from '../../src/index.js';

class Reader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** One combination of labels: the value of a counter, or of a histogram the sum and the number of its values. */
export interface Point {
  readonly labels: Attributes;
  readonly value: number;
  readonly count?: number;
}

export interface RecordedMetric {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly kind: string;
  /** Of a histogram's buckets. */
  readonly bounds?: readonly number[];
  /** By labels, in their order. */
  readonly points: readonly Point[];
}

export class Recorded {
  readonly meterProvider: MeterProvider;
  readonly #reader: Reader = new Reader();

  constructor(views: ViewOptions[] = []) {
    this.meterProvider = new MeterProvider({ readers: [this.#reader], views });
  }

  /** By name, in their order. */
  async metrics(): Promise<RecordedMetric[]> {
    const { resourceMetrics, errors } = await this.#reader.collect();
    if (errors.length > 0) throw errors[0];
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return metrics.map(toRecorded).sort((a, b) => compare(a.name, b.name));
  }

  /** None if nothing was recorded. */
  async points(name: MetricName): Promise<readonly Point[]> {
    return (await this.metrics()).find((metric) => metric.name === name)?.points ?? [];
  }
}

function toRecorded(metric: MetricData): RecordedMetric {
  const { name, unit, description } = metric.descriptor;
  const points = metric.dataPoints.map(
    ({ attributes, value }): Point =>
      typeof value === 'number'
        ? { labels: attributes, value }
        : { labels: attributes, value: value.sum ?? 0, count: value.count },
  );
  points.sort((a, b) => compare(printed(a.labels), printed(b.labels)));
  const of = { name, unit, description, points };
  switch (metric.dataPointType) {
    case DataPointType.HISTOGRAM:
      return { ...of, kind: 'histogram', bounds: metric.dataPoints[0]?.value.buckets.boundaries ?? [] };
    case DataPointType.SUM:
      return { ...of, kind: metric.isMonotonic ? 'counter' : 'up-down counter' };
    default:
      return { ...of, kind: 'gauge' };
  }
}

const printed = (labels: Attributes): string => Object.entries(labels).sort().join();

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
