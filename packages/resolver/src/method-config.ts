/**
 * `methodConfig` of a service config (service_config.proto; gRFC A6 for retries and hedging) in grpc-js's form.
 */
import { type ServiceConfig, status } from '@grpc/grpc-js';
import { field, isObject, type JsonObject } from './json-value.js';
import { ServiceConfigError } from './service-config-error.js';

type MethodConfig = ServiceConfig['methodConfig'][number];
type MethodName = MethodConfig['name'][number];
type RetryPolicy = NonNullable<MethodConfig['retryPolicy']>;
type HedgingPolicy = NonNullable<MethodConfig['hedgingPolicy']>;

const DURATION = /^(\d{1,12})(?:\.(\d{1,9}))?s$/;
const DURATION_FORM = 'a duration string such as "0.5s", at most nine digits after the point';

/** @throws {ServiceConfigError} */
export function prepareMethodConfigs(value: unknown): MethodConfig[] {
  if (!field(value)) return [];
  if (!Array.isArray(value)) throw new ServiceConfigError('methodConfig', value, 'an array');
  const seen = new Set<string>();
  return value.map((entry: unknown, index) => {
    const path = `methodConfig[${index}]`;
    if (!isObject(entry)) throw new ServiceConfigError(path, entry, 'an object');
    const prepared = prepareMethodConfig(entry, path);
    for (const name of prepared.name) {
      const key = `${name.service ?? ''}/${name.method ?? ''}`;
      if (seen.has(key)) throw new ServiceConfigError(`${path}.name`, key, 'a name that no other entry has');
      seen.add(key);
    }
    return prepared;
  });
}

function prepareMethodConfig(entry: JsonObject, path: string): MethodConfig {
  const { name, waitForReady, timeout, maxRequestBytes, maxResponseBytes, retryPolicy, hedgingPolicy } =
    entry;
  if (!Array.isArray(name)) {
    throw new ServiceConfigError(`${path}.name`, name, 'an array such as [{ "service": "package.Service" }]');
  }
  const result: MethodConfig = {
    name: name.map((item, index) => prepareName(item, `${path}.name[${index}]`)),
  };
  if (field(waitForReady)) {
    if (typeof waitForReady !== 'boolean') {
      throw new ServiceConfigError(`${path}.waitForReady`, waitForReady, 'true or false');
    }
    result.waitForReady = waitForReady;
  }
  if (field(timeout)) result.timeout = prepareTimeout(timeout, `${path}.timeout`);
  if (field(maxRequestBytes)) result.maxRequestBytes = bytes(maxRequestBytes, `${path}.maxRequestBytes`);
  if (field(maxResponseBytes)) result.maxResponseBytes = bytes(maxResponseBytes, `${path}.maxResponseBytes`);
  if (field(retryPolicy) && field(hedgingPolicy)) {
    throw new ServiceConfigError(path, Object.keys(entry), 'without retryPolicy or without hedgingPolicy');
  }
  if (field(retryPolicy)) result.retryPolicy = prepareRetry(retryPolicy, `${path}.retryPolicy`);
  if (field(hedgingPolicy)) result.hedgingPolicy = prepareHedging(hedgingPolicy, `${path}.hedgingPolicy`);
  return result;
}

function prepareName(value: unknown, path: string): MethodName {
  if (!isObject(value)) throw new ServiceConfigError(path, value, 'an object');
  const service = nameString(value.service, `${path}.service`);
  const method = nameString(value.method, `${path}.method`);
  if (service === '') {
    if (method !== '') throw new ServiceConfigError(`${path}.method`, method, 'absent where service is');
    return {};
  }
  return method === '' ? { service } : { service, method };
}

function nameString(value: unknown, path: string): string {
  if (!field(value)) return '';
  if (typeof value !== 'string') throw new ServiceConfigError(path, value, 'a string');
  return value;
}

function prepareTimeout(value: unknown, path: string): NonNullable<MethodConfig['timeout']> {
  if (isObject(value)) {
    const { seconds, nanos = 0 } = value;
    if (isWhole(seconds) && isWhole(nanos) && nanos < 1e9) return { seconds, nanos };
  }
  const match = typeof value === 'string' ? DURATION.exec(value) : null;
  if (match === null) throw new ServiceConfigError(path, value, DURATION_FORM);
  /* grpc-js reads the digits after the point as nanoseconds: its "0.5s" is 5 ns. */
  return { seconds: Number(match[1]), nanos: Number((match[2] ?? '').padEnd(9, '0')) };
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function bytes(value: unknown, path: string): number {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (!isWhole(number)) {
    throw new ServiceConfigError(path, value, 'an integer of at least 0');
  }
  return number;
}

function prepareRetry(value: unknown, path: string): RetryPolicy {
  if (!isObject(value)) throw new ServiceConfigError(path, value, 'an object');
  const { backoffMultiplier, retryableStatusCodes } = value;
  if (typeof backoffMultiplier !== 'number' || !(backoffMultiplier > 0)) {
    throw new ServiceConfigError(`${path}.backoffMultiplier`, backoffMultiplier, 'a number above 0');
  }
  const codes = statusCodes(retryableStatusCodes, `${path}.retryableStatusCodes`);
  if (codes.length === 0)
    throw new ServiceConfigError(`${path}.retryableStatusCodes`, codes, 'an array, not empty');
  return {
    maxAttempts: attempts(value.maxAttempts, `${path}.maxAttempts`),
    initialBackoff: duration(value.initialBackoff, `${path}.initialBackoff`),
    maxBackoff: duration(value.maxBackoff, `${path}.maxBackoff`),
    backoffMultiplier,
    retryableStatusCodes: codes,
  };
}

function prepareHedging(value: unknown, path: string): HedgingPolicy {
  if (!isObject(value)) throw new ServiceConfigError(path, value, 'an object');
  const result: HedgingPolicy = { maxAttempts: attempts(value.maxAttempts, `${path}.maxAttempts`) };
  if (field(value.hedgingDelay)) result.hedgingDelay = duration(value.hedgingDelay, `${path}.hedgingDelay`);
  if (field(value.nonFatalStatusCodes)) {
    result.nonFatalStatusCodes = statusCodes(value.nonFatalStatusCodes, `${path}.nonFatalStatusCodes`);
  }
  return result;
}

function attempts(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 2) {
    throw new ServiceConfigError(path, value, 'an integer of at least 2');
  }
  return value;
}

function duration(value: unknown, path: string): string {
  if (typeof value !== 'string' || !DURATION.test(value))
    throw new ServiceConfigError(path, value, DURATION_FORM);
  return value;
}

function statusCodes(value: unknown, path: string): Array<number | string> {
  if (!Array.isArray(value)) throw new ServiceConfigError(path, value, 'an array of status names or numbers');
  return value.map((code: unknown, index) => {
    const known =
      (typeof code === 'number' && status[code] !== undefined) ||
      (typeof code === 'string' && /^[A-Z_]+$/i.test(code) && code.toUpperCase() in status);
    if (!known)
      throw new ServiceConfigError(
        `${path}[${index}]`,
        code,
        'a status name such as "UNAVAILABLE", or its number',
      );
    return code as number | string; // one of the two by the check above
  });
}
