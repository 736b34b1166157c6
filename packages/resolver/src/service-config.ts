/**
 * Service configs in proto3 JSON, made into what grpc-js expects from a resolver: it validates and converts only
 * the channel option `grpc.service_config` and trusts resolvers, so a raw `"0.5s"` is ignored and a `methodConfig`
 * without `name` throws out of the user's call.
 */
import { experimental, type ServiceConfig } from '@grpc/grpc-js';
import { messageOf } from './error-message.js';
import { field, isObject, type JsonObject } from './json-value.js';
import { prepareMethodConfigs } from './method-config.js';
import { ServiceConfigError } from './service-config-error.js';

/** A service config as people write it: proto3 JSON (service_config.proto), as an object or a string. */
export type ServiceConfigInput = string | object;

/** A service config in grpc-js's form, and the one field that grpc-js has no place for. */
export interface PreparedServiceConfig {
  readonly config: ServiceConfig;
  /** `healthCheckConfig.serviceName`, null without one (gRFC A17). */
  readonly healthCheckServiceName: string | null;
}

/**
 * Validates and converts a service config. Unknown fields are ignored, as the format requires.
 * @throws {ServiceConfigError} that names the field, its value and what is allowed.
 */
export function prepareServiceConfig(input: ServiceConfigInput): PreparedServiceConfig {
  return prepareJson(readJson(input));
}

/** The same, of what {@link readJson} gave. */
export function prepareJson(json: unknown): PreparedServiceConfig {
  if (!isObject(json)) throw new ServiceConfigError('', json, 'an object');
  const config: ServiceConfig = {
    loadBalancingConfig: prepareLoadBalancing(json),
    methodConfig: prepareMethodConfigs(json.methodConfig),
  };
  if (field(json.retryThrottling)) config.retryThrottling = prepareThrottling(json.retryThrottling);
  return { config, healthCheckServiceName: healthCheckServiceName(json.healthCheckConfig) };
}

/**
 * The JSON of a service config, nothing of it checked; shares nothing with the input.
 * @throws {ServiceConfigError} when it is no JSON.
 */
export function readJson(input: ServiceConfigInput): unknown {
  return typeof input === 'string' ? parseJson(input) : copyJson(input);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ServiceConfigError('', text, `JSON (${messageOf(error)})`);
  }
}

/** What is kept must not change with the caller's object. */
function copyJson(input: object): unknown {
  try {
    return JSON.parse(JSON.stringify(input));
  } catch (error) {
    throw new ServiceConfigError('', String(input), `JSON (${messageOf(error)})`);
  }
}

function prepareLoadBalancing(json: JsonObject): ServiceConfig['loadBalancingConfig'] {
  const list = json.loadBalancingConfig;
  if (!field(list)) return deprecatedPolicy(json.loadBalancingPolicy);
  if (!Array.isArray(list)) {
    throw new ServiceConfigError('loadBalancingConfig', list, 'an array such as [{ "round_robin": {} }]');
  }
  const entries = list.map((entry: unknown, index) => {
    const path = `loadBalancingConfig[${index}]`;
    if (!isObject(entry))
      throw new ServiceConfigError(path, entry, 'an object with one key, the name of a policy');
    const [name, ...others] = Object.keys(entry);
    if (name === undefined || others.length > 0) {
      throw new ServiceConfigError(path, entry, 'an object with one key, the name of a policy');
    }
    const config = entry[name];
    if (!isObject(config)) throw new ServiceConfigError(`${path}.${name}`, config, 'an object');
    return { [name]: config };
  });
  checkFirstKnownPolicy(entries);
  return entries;
}

/** grpc-js never reads this field; service_config.proto gives it a meaning when the list is absent. */
function deprecatedPolicy(policy: unknown): ServiceConfig['loadBalancingConfig'] {
  if (!field(policy) || policy === '') return [];
  if (typeof policy !== 'string') throw new ServiceConfigError('loadBalancingPolicy', policy, 'a string');
  const entries = [{ [policy.toLowerCase()]: {} }];
  checkFirstKnownPolicy(entries);
  return entries;
}

/** The first policy that is registered is the one that runs (gRFC A24); grpc-js takes pick_first if it cannot read it. */
function checkFirstKnownPolicy(entries: Array<Record<string, object>>): void {
  if (entries.length === 0) return;
  for (const [index, entry] of entries.entries()) {
    const [name] = Object.keys(entry);
    if (name === undefined || !experimental.isLoadBalancerNameRegistered(name)) continue;
    try {
      const { error } = experimental.parseLoadBalancingConfig(entry) as { readonly error?: unknown };
      /* A policy of @petiole/balancer does not throw on a bad config: it would fail every RPC with this error. */
      if (error instanceof Error) throw error;
    } catch (error) {
      throw new ServiceConfigError(
        `loadBalancingConfig[${index}].${name}`,
        entry[name],
        `a valid config (${messageOf(error)})`,
      );
    }
    return;
  }
  throw new ServiceConfigError(
    'loadBalancingConfig',
    entries.map((entry) => Object.keys(entry)[0]),
    'a list that names at least one registered policy (register it before); grpc-js would run pick_first',
  );
}

function prepareThrottling(value: unknown): NonNullable<ServiceConfig['retryThrottling']> {
  if (!isObject(value)) throw new ServiceConfigError('retryThrottling', value, 'an object');
  const { maxTokens, tokenRatio } = value;
  if (typeof maxTokens !== 'number' || !(maxTokens > 0 && maxTokens <= 1000)) {
    throw new ServiceConfigError('retryThrottling.maxTokens', maxTokens, 'a number above 0, at most 1000');
  }
  if (typeof tokenRatio !== 'number' || !(tokenRatio > 0)) {
    throw new ServiceConfigError('retryThrottling.tokenRatio', tokenRatio, 'a number above 0');
  }
  return { maxTokens: Number(maxTokens.toFixed(3)), tokenRatio: Number(tokenRatio.toFixed(3)) };
}

function healthCheckServiceName(value: unknown): string | null {
  if (!field(value)) return null;
  if (!isObject(value)) throw new ServiceConfigError('healthCheckConfig', value, 'an object');
  const { serviceName } = value;
  if (!field(serviceName)) return null;
  if (typeof serviceName !== 'string') {
    throw new ServiceConfigError('healthCheckConfig.serviceName', serviceName, 'a string');
  }
  return serviceName;
}
