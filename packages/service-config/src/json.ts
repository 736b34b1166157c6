/** JSON of which nothing is known yet. */
import { show } from './text/show.js';
import { messageOf } from './text/thrown.js';

/** A JSON object, not an array. */
export type Json = Readonly<Record<string, unknown>>;

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const isString = (value: unknown): value is string => typeof value === 'string';
export const isNumber = (value: unknown): value is number => typeof value === 'number';
export const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';

/** The own fields of an object, none of anything else: `Object.prototype.timeout` is nobody's config. */
export function own(value: unknown): Json {
  return { __proto__: null, ...(isJson(value) ? value : {}) };
}

/** Whether arrays and objects stand in one another more than so many levels deep. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/**
 * A copy of the value as JSON has it: without undefined fields, for instance.
 *
 * @param where begins the messages
 * @throws TypeError on what JSON lacks: functions, symbols, bigints, cycles, and numbers that are not finite, of which
 *   it would make null, and null is the default: `Number(process.env.REPEAT)` of a variable that is not set
 */
export function asJson(value: unknown, where: string): unknown {
  refuseWhatJsonLacks(value, where, '', new Set());
  try {
    return JSON.parse(JSON.stringify(value));
  } catch (error) {
    throw new TypeError(`${where}: must be JSON: ${messageOf(error)}`);
  }
}

function refuseWhatJsonLacks(value: unknown, where: string, path: string, within: Set<unknown>): void {
  const refuse = (allowed: string, hint = ''): never => {
    throw new TypeError(
      `${where}: ${path === '' ? '' : `${path}: `}must be ${allowed}, got ${show(value)}${hint}`,
    );
  };
  if (typeof value === 'number' && !Number.isFinite(value)) refuse('a finite number');
  if (typeof value === 'function') refuse('JSON', ': call it');
  if (typeof value === 'symbol' || typeof value === 'bigint') refuse('JSON');
  if (typeof value !== 'object' || value === null) return;
  if (within.has(value)) refuse('JSON, without cycles');
  within.add(value);
  for (const [key, field] of Object.entries(value)) {
    const inner = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    refuseWhatJsonLacks(field, where, inner, within);
  }
  within.delete(value);
}
