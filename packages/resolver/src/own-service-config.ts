/**
 * A service config that the program itself hands over. One from DNS serves clients in all languages, so what grpc-js
 * cannot do of it is ignored; here somebody waits for an effect, so it is refused.
 */

import {
  type PreparedServiceConfig,
  prepareServiceConfig,
  readJson,
  type ServiceConfigInput,
} from './service-config.js';
import { field, isObject, type JsonObject, ServiceConfigError } from './service-config-error.js';

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
];

/**
 * As {@link prepareServiceConfig}, and strict: a misnamed field and a field that grpc-js does not read are errors.
 * @throws {ServiceConfigError}
 */
export function prepareOwnServiceConfig(input: ServiceConfigInput): PreparedServiceConfig {
  const json = readJson(input);
  if (isObject(json)) {
    refuseMisnamed(json);
    if (Array.isArray(json.methodConfig)) json.methodConfig.forEach(refuseUnread);
  }
  return prepareServiceConfig(input);
}

function refuseMisnamed(json: JsonObject): void {
  for (const [name, value] of Object.entries(json)) {
    if (FIELDS.has(name)) continue;
    const meant = MEANT.find(([names]) => names.test(name));
    if (meant !== undefined) throw new ServiceConfigError(name, value, meant[1]);
  }
}

function refuseUnread(entry: unknown, index: number): void {
  if (!isObject(entry)) return;
  for (const [name, instead] of UNREAD) {
    const value = entry[name];
    if (!field(value) || value === false) continue; // false is what grpc-js does
    throw new ServiceConfigError(
      `methodConfig[${index}].${name}`,
      value,
      `absent, because grpc-js does not read it (${instead})`,
    );
  }
}
