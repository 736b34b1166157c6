/**
 * Readers of policy config fields: the value or its default, or an error that
 * names the policy, the field, the value and what is allowed.
 */
import { durationMs, parseDuration } from './duration.js';

type Json = Readonly<Record<string, unknown>>;

/** An integer of a range; absent or null is the default, as in proto3 JSON. */
export function integerField(
  policy: string,
  json: Json,
  field: string,
  { min, max, default: fallback }: { min: number; max: number; default: number },
): number {
  const value = json[field] ?? fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${policy}: ${field} must be an integer from ${min} to ${max}, got ${show(value)}`);
}

/** A boolean; absent or null is false, as in proto3 JSON. */
export function booleanField(policy: string, json: Json, field: string): boolean {
  const value = json[field] ?? false;
  if (typeof value === 'boolean') return value;
  throw new TypeError(`${policy}: ${field} must be true or false, got ${show(value)}`);
}

/** A Duration of proto3 JSON in milliseconds; absent or null is undefined. */
export function durationField(policy: string, json: Json, field: string): number | undefined {
  const value = json[field] ?? undefined;
  if (value === undefined) return undefined;
  const duration = parseDuration(value);
  if (duration !== undefined) return durationMs(duration);
  throw new TypeError(
    `${policy}: ${field} must be a Duration of 0 s or more such as "5s" or "0.250s", got ${show(value)}`,
  );
}

/** A value as it stands in an error message: short, and a string is told from a number. */
export function show(value: unknown): string {
  // What JSON has no word for: JSON would make null of NaN and nothing of a function.
  const text = typeof value === 'number' ? String(value) : (jsonOf(value) ?? `a ${typeof value}`);
  return text.length <= 100 ? text : `${text.slice(0, 97)}...`;
}

function jsonOf(value: unknown): string | undefined {
  if (value === undefined) return 'undefined';
  if (typeof value === 'bigint') return `${value}n`;
  try {
    return JSON.stringify(value);
  } catch {
    // A cycle, a bigint inside, a toJSON that throws, or more levels than the stack has room for.
    return Array.isArray(value) ? 'an array that is no JSON' : 'an object that is no JSON';
  }
}
