/** JSON of which nothing is known yet. */
import { got } from './text/show.js';

/** A JSON object, not an array. */
export type Json = Readonly<Record<string, unknown>>;

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const isString = (value: unknown): value is string => typeof value === 'string';
export const isNumber = (value: unknown): value is number => typeof value === 'number';
/** Both bounds are inclusive. */
export const isInteger = (value: unknown, least: number, most: number): value is number =>
  isNumber(value) && Number.isInteger(value) && value >= least && value <= most;
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
 * Refuses what JSON lacks, of which `JSON.stringify` would make null or nothing, and that is the default:
 * `Number(process.env.REPEAT)` of a variable that is not set, for instance.
 *
 * @param where begins the messages
 * @throws TypeError on functions, symbols, bigints, cycles, and numbers that are not finite
 */
export function assertJson(value: unknown, where: string, path = '', around: Set<unknown> = new Set()): void {
  const refuse = (allowed: string, hint = ''): never => {
    throw new TypeError(
      `${where}: ${path === '' ? '' : `${path}: `}must be ${allowed}, ${got(value)}${hint}`,
    );
  };
  if (isNumber(value) && !Number.isFinite(value)) refuse('a finite number');
  if (typeof value === 'function') refuse('JSON', ': call it');
  if (typeof value === 'symbol' || typeof value === 'bigint') refuse('JSON');
  if (typeof value !== 'object' || value === null) return;
  if (around.has(value)) refuse('JSON, without cycles');
  around.add(value);
  for (const [key, field] of Object.entries(value)) {
    const inner = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    assertJson(field, where, inner, around);
  }
  around.delete(value);
}
