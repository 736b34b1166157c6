/**
 * A service config that the program itself hands over. One from DNS serves clients in all languages, so what grpc-js
 * cannot do of it is ignored; here somebody waits for an effect, so it is refused.
 */

import { experimental } from '@grpc/grpc-js';
import { field, isObject, type JsonObject, misspelt } from './json-value.js';
import {
  type PreparedServiceConfig,
  prepareJson,
  readJson,
  type ServiceConfigInput,
} from './service-config.js';
import { ServiceConfigError } from './service-config-error.js';

const FIELDS: ReadonlySet<string> = new Set([
  'loadBalancingConfig',
  'loadBalancingPolicy',
  'methodConfig',
  'retryThrottling',
  'healthCheckConfig',
]);

/** What other names stand for: `loadBalancing` in `@petiole/balancer`, for instance. Others are fields of the future. */
const MEANT: ReadonlyArray<readonly [names: RegExp, instead: string]> = [
  [/^load[-_]?balanc/i, 'called loadBalancingConfig here'],
  [/^method[-_]?conf|^methods?$/i, 'called methodConfig here'],
  [/^(?:retry)?[-_]?throttl/i, 'called retryThrottling here'],
  [/^health[-_]?check/i, 'called healthCheckConfig here'],
  [
    /^(?:retry[-_]?policy|hedging[-_]?policy|timeout|wait[-_]?for[-_]?ready)$/i,
    'in an entry of methodConfig',
  ],
];

/** Fields of a method config that grpc-js does not read (1.14.7), and what has the same effect. */
const UNREAD: ReadonlyArray<readonly [name: string, instead: string]> = [
  ['waitForReady', 'give each call new Metadata({ waitForReady: true })'],
  ['maxRequestBytes', 'set the channel option grpc.max_send_message_length'],
  ['maxResponseBytes', 'set the channel option grpc.max_receive_message_length'],
  ['maxRequestMessageBytes', 'set the channel option grpc.max_send_message_length'],
  ['maxResponseMessageBytes', 'set the channel option grpc.max_receive_message_length'],
];

/** The fields of the messages below; a misspelt `service`, for instance, would make an entry one for all methods. */
const METHOD_FIELDS = ['name', 'timeout', 'retryPolicy', 'hedgingPolicy', ...UNREAD.map(([name]) => name)];
const NAME_FIELDS = ['service', 'method'];
const RETRY_FIELDS = [
  'maxAttempts',
  'initialBackoff',
  'maxBackoff',
  'backoffMultiplier',
  'retryableStatusCodes',
];
const HEDGING_FIELDS = ['maxAttempts', 'hedgingDelay', 'nonFatalStatusCodes'];
const THROTTLING_FIELDS = ['maxTokens', 'tokenRatio'];
const HEALTH_FIELDS = ['serviceName'];

/**
 * As `prepareServiceConfig`, and strict: a misnamed field and a field that grpc-js does not read are errors.
 * @throws {ServiceConfigError}
 */
export function prepareOwnServiceConfig(input: ServiceConfigInput): PreparedServiceConfig {
  const json = readJson(input);
  if (isObject(json)) {
    refuseMisnamed(json);
    refuseMisspelt(json.retryThrottling, 'retryThrottling', THROTTLING_FIELDS);
    refuseMisspelt(json.healthCheckConfig, 'healthCheckConfig', HEALTH_FIELDS);
    refuseWithoutService(json.healthCheckConfig);
    if (Array.isArray(json.methodConfig)) json.methodConfig.forEach(refuseUseless);
  }
  return prepareJson(json);
}

function refuseMisnamed(json: JsonObject): void {
  for (const [name, value] of Object.entries(json)) {
    if (FIELDS.has(name)) continue;
    const meant = MEANT.find(([names]) => names.test(name));
    if (meant !== undefined) throw new ServiceConfigError(name, value, meant[1]);
    // What customRoundRobin() returns, for instance.
    if (experimental.isLoadBalancerNameRegistered(name))
      throw new ServiceConfigError(name, value, 'in an entry of loadBalancingConfig');
  }
}

function refuseMisspelt(value: unknown, path: string, names: readonly string[]): void {
  if (!isObject(value)) return;
  for (const [written, content] of Object.entries(value)) {
    const meant = misspelt(written, names);
    if (meant !== undefined)
      throw new ServiceConfigError(`${path}.${written}`, content, `called ${meant} here`);
  }
}

/** It would check nothing. */
function refuseWithoutService(value: unknown): void {
  if (!isObject(value) || field(value.serviceName)) return;
  throw new ServiceConfigError('healthCheckConfig.serviceName', value.serviceName, 'a string');
}

function refuseUseless(entry: unknown, index: number): void {
  if (!isObject(entry)) return;
  const path = `methodConfig[${index}]`;
  refuseMisspelt(entry, path, METHOD_FIELDS);
  refuseMisspelt(entry.retryPolicy, `${path}.retryPolicy`, RETRY_FIELDS);
  refuseMisspelt(entry.hedgingPolicy, `${path}.hedgingPolicy`, HEDGING_FIELDS);
  if (Array.isArray(entry.name)) {
    for (const [at, name] of entry.name.entries()) refuseMisspelt(name, `${path}.name[${at}]`, NAME_FIELDS);
  }
  for (const [name, instead] of UNREAD) {
    const value = entry[name];
    if (!field(value) || value === false) continue; // false is what grpc-js does
    throw new ServiceConfigError(
      `${path}.${name}`,
      value,
      `absent, because grpc-js does not read it (${instead})`,
    );
  }
}
