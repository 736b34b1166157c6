/**
 * `checkServiceConfig()`: what grpc-js will not do of a service config, for
 * configs that come from elsewhere: from other gRPC clients, DNS, a file.
 */
import { show } from './config-field.js';
import { inspectServiceConfig } from './inspect-service-config.js';
import { isJson, refused, type ServiceConfigFinding } from './service-config-finding.js';
import { messageOf } from './thrown-text.js';

export type { ServiceConfigFinding } from './service-config-finding.js';

/**
 * Everything in a service config that grpc-js 1.14 will ignore, replace, misread or throw at, in the order of the
 * config's fields. An empty list: grpc-js and the policies of this package do all that it says. Which policies
 * are registered counts, so register them first. Never throws.
 *
 * ```ts
 * checkServiceConfig('{"methodConfig": [{"name": [{}], "timeout": "0.5s"}]}');
 * // [{ path: 'methodConfig[0].timeout', value: '0.5s', outcome: 'misread', severity: 'mendable',
 * //    happens: 'grpc-js reads 0 s and 5 ns',
 * //    instead: 'write {"seconds":0,"nanos":500000000}, or have serviceConfig() write it' }]
 * ```
 *
 * @param config the JSON as in the channel option `grpc.service_config`, or the object that it stands for
 */
export function checkServiceConfig(config: unknown): ServiceConfigFinding[] {
  let json: unknown;
  try {
    // An object is checked as the JSON that will be made of it: without its undefined fields, for instance.
    json = JSON.parse(typeof config === 'string' ? config : (JSON.stringify(config) ?? ''));
  } catch (error) {
    const instead = `must be JSON: ${messageOf(error)}`;
    // The empty string is no service config to grpc-js, as no string is.
    const absent = config === '' || config === undefined;
    return [absent ? ignored(config, 'must be a JSON object, got nothing') : refused('', config, instead)];
  }
  if (isJson(json)) return [...inspectServiceConfig(json).findings];
  const instead = `must be a JSON object, got ${show(json)}`;
  // In an array grpc-js looks for fields as in an object, and finds none.
  return [Array.isArray(json) ? ignored(config, instead) : refused('', config, instead)];
}

function ignored(value: unknown, instead: string): ServiceConfigFinding {
  const happens = 'grpc-js ignores it, uses pick_first and logs nothing';
  return { path: '', value, outcome: 'ignored', happens, instead, severity: 'error' };
}
