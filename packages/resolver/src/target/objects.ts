/** Objects of a program, of which nothing is known yet where it has no types. */
import { isJson, quote, show } from '@petiole/service-config/internal';

/**
 * A field that nobody reads is a mistake.
 * @param where begins the messages.
 * @throws {TypeError} on what is no object, or has other fields.
 */
export function assertOptions(options: unknown, where: string, names: readonly string[]): void {
  if (!isJson(options)) {
    throw new TypeError(`${where} must be an object with ${names.join(', ')}, got ${show(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`${where} must have no field but ${names.join(', ')}, got ${quote(unknown)}`);
  }
}

/** Whether the value and all that it consists of can never change. */
export function isDeepFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeepFrozen);
}

/** Freezes a value and all that it consists of. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}
