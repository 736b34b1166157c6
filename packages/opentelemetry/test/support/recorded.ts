/** What an SDK has recorded, as plain data. */
import type { Attributes } from '@opentelemetry/api';
import {
  DataPointType,
  type HistogramMetricData,
  MeterProvider,
  type MetricData,
  MetricReader,
} from '@opentelemetry/sdk-metrics';
import { onTestFinished } from 'vitest';
import { type InstrumentOptions, instrument, type MetricName } from '../../src/index.js';

class Reader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** One combination of labels: a counter's value, or what a histogram has of its values. */
export interface Point {
  readonly labels: Attributes;
  readonly value: number;
  readonly count: number;
  readonly bounds: readonly number[];
}

export class Recorded {
  readonly meterProvider: MeterProvider;
  readonly #reader: Reader = new Reader();

  constructor() {
    this.meterProvider = new MeterProvider({ readers: [this.#reader] });
  }

  async metrics(): Promise<readonly MetricData[]> {
    const { resourceMetrics, errors } = await this.#reader.collect();
    if (errors.length > 0) throw errors[0];
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  }

  /** By labels, in their order; none if nothing was recorded. */
  async points(name: MetricName): Promise<Point[]> {
    const metric = (await this.metrics()).find(({ descriptor }) => descriptor.name === name);
    if (metric === undefined) return [];
    const points =
      metric.dataPointType === DataPointType.HISTOGRAM
        ? histogramPoints(metric)
        : (metric.dataPoints as { attributes: Attributes; value: number }[]).map(({ attributes, value }) => ({
            labels: attributes,
            value,
            count: 1,
            bounds: [],
          }));
    return points.sort((a, b) => (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1));
  }
}

function histogramPoints({ dataPoints }: HistogramMetricData): Point[] {
  return dataPoints.map(({ attributes, value }) => ({
    labels: attributes,
    value: value.sum ?? 0,
    count: value.count,
    bounds: value.buckets.boundaries,
  }));
}

/** Records until the test ends. */
export function record(options: InstrumentOptions = {}): Recorded {
  const recorded = new Recorded();
  onTestFinished(instrument({ meterProvider: recorded.meterProvider, ...options }));
  return recorded;
}
