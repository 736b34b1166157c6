/**
 * What is wrong with a service config: field, value, and what is allowed, in one line.
 */
import { print } from './json-value.js';

/** Thrown for a service config that grpc-js would misread. */
export class ServiceConfigError extends Error {
  override readonly name = 'ServiceConfigError';

  /** @param path the field, `methodConfig[0].timeout`; empty for the whole. */
  constructor(path: string, value: unknown, allowed: string) {
    super(`service config: ${path === '' ? 'it' : path} must be ${allowed}, got ${print(value)}`);
  }
}
