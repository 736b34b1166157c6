/** The options of `instrument`, checked: what is misspelt would otherwise show as metrics and labels that never come. */
import type { MeterProvider } from '@opentelemetry/api';
import type { LabelOptions } from '../labels/options.js';
import { METRICS, type MetricName } from './table.js';

/** What `instrument` takes. Every field may be left out. */
export interface InstrumentOptions extends LabelOptions {
  /** Whose instruments record. Default: the global one of `@opentelemetry/api`, from when there is one. */
  readonly meterProvider?: MeterProvider;
  /** Metrics that are off by default, by name (gRFC A79). */
  readonly enable?: readonly MetricName[];
  /** Metrics that are on by default, by name; it counts for more than `enable`. */
  readonly disable?: readonly MetricName[];
}

const FUNCTIONS = ['channels', 'targetAttributeFilter', 'genericMethodAttributeFilter'] as const;
const METRIC_NAMES = Object.keys(METRICS);
const OPTIONAL_LABELS = [...new Set(Object.values(METRICS).flatMap(({ optionalLabels }) => optionalLabels))];
const LISTS = { enable: METRIC_NAMES, disable: METRIC_NAMES, optionalLabels: OPTIONAL_LABELS } as const;
const FIELDS: readonly string[] = [...FUNCTIONS, ...Object.keys(LISTS), 'meterProvider'];

/** @throws TypeError on a field that there is not, or of another type; RangeError on a name that there is not */
export function checkOptions(options: InstrumentOptions): void {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const unknown = Object.keys(given).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined)
    throw new TypeError(`instrument: ${unknown} is no option: there are ${FIELDS.join(', ')}`);
  for (const field of FUNCTIONS) {
    const type = typeof given[field];
    if (type !== 'undefined' && type !== 'function')
      throw new TypeError(`instrument: ${field} must be a function, got ${show(given[field])}`);
  }
  for (const [field, allowed] of Object.entries(LISTS)) checkList(field, given[field] ?? [], allowed);
}

function checkList(field: string, list: unknown, allowed: readonly string[]): void {
  if (!Array.isArray(list)) throw new TypeError(`instrument: ${field} must be an array, got ${show(list)}`);
  const unknown: unknown = list.find((name) => !allowed.includes(name));
  if (unknown !== undefined)
    throw new RangeError(`instrument: ${field} has ${show(unknown)}, which is none of ${allowed.join(', ')}`);
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : `a value of type ${typeof value}`;
}
