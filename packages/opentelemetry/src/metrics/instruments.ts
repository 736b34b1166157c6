/** The instruments of a meter, for the metrics that are on. */
import type {
  Attributes,
  Context,
  Counter,
  Histogram,
  Meter,
  MetricOptions,
  Observable,
} from '@opentelemetry/api';
import { ValueType } from '#api';
import { firstError } from '../grpc-js/log.js';
import {
  type CounterName,
  type HistogramName,
  METRICS,
  type Metric,
  type MetricName,
  type ObservedName,
} from './table.js';

/** Undefined are those of metrics that are off: `instruments['…']?.add(1)`. */
export type Instruments = { readonly [Name in CounterName]?: Counter } & {
  readonly [Name in HistogramName]?: Histogram;
} & { readonly [Name in ObservedName]?: Observable };

/** Those that are on. @param disable counts for more */
export function enabledMetrics(
  enable: readonly MetricName[] = [],
  disable: readonly MetricName[] = [],
): Set<MetricName> {
  const names = Object.keys(METRICS) as MetricName[];
  return new Set(
    names.filter((name) => (METRICS[name].isDefault || enable.includes(name)) && !disable.includes(name)),
  );
}

export function createInstruments(meter: Meter, enabled: ReadonlySet<MetricName>): Instruments {
  return Object.fromEntries(Array.from(enabled, (name) => [name, create(meter, name, METRICS[name])]));
}

function create(meter: Meter, name: string, metric: Metric): Counter | Histogram | Observable {
  const options: MetricOptions = {
    unit: metric.unit,
    description: metric.description,
    valueType: metric.unit === 's' ? ValueType.DOUBLE : ValueType.INT,
    ...(metric.bounds && { advice: { explicitBucketBoundaries: [...metric.bounds] } }),
  };
  switch (metric.kind) {
    case 'counter': {
      const counter = meter.createCounter(name, options);
      return { add: guarded(name, (value, labels, context) => counter.add(value, labels, context)) };
    }
    case 'histogram': {
      const histogram = meter.createHistogram(name, options);
      return { record: guarded(name, (value, labels, context) => histogram.record(value, labels, context)) };
    }
    case 'up-down counter':
      return meter.createObservableUpDownCounter(name, options);
    default:
      return meter.createObservableGauge(name, options);
  }
}

type Recording = (value: number, labels?: Attributes, context?: Context) => void;

/**
 * An SDK calls functions of the program's while it records, such as the attribute processors of views. Records are made where
 * grpc-js changes its states, and where nobody catches: what is thrown there costs its record alone.
 */
function guarded(name: string, record: Recording): Recording {
  const report = firstError();
  return (value, labels, context) => {
    try {
      record(value, labels, context);
    } catch (error) {
      report(`${name} was not recorded`, error);
    }
  };
}
