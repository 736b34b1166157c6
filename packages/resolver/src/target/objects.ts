/** Objects of which nothing is known yet, as they come out of JSON or out of untyped JavaScript, and their fields. */
import { print, quote } from './quote.js';

/** A JSON object of which nothing is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Of these names, the one that is meant by another case, `kebab-case`, or `snake_case` (which is proto3 JSON, but which
 * grpc-js does not read); undefined when it is none, or is written right.
 */
export function misspelt(written: string, names: readonly string[]): string | undefined {
  if (names.includes(written)) return undefined;
  const plain = written.replaceAll(/[-_]/g, '').toLowerCase();
  return names.find((name) => name.toLowerCase() === plain);
}

/**
 * For options, which come from programs only: a field that nobody reads is a mistake.
 * @param where begins the messages.
 * @throws {TypeError} on what is no object, or has other fields.
 */
export function assertOptions(options: unknown, where: string, names: readonly string[]): void {
  if (!isObject(options)) {
    throw new TypeError(`${where} must be an object with ${names.join(', ')}, got ${print(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`${where} must have no field but ${names.join(', ')}, got ${quote(unknown)}`);
  }
}
