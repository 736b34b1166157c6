/**
 * `checkServiceConfig()`: what grpc-js will not do of a service config, for configs that come from elsewhere: from other
 * gRPC clients, DNS, a file.
 */
import type { ServiceConfigFinding } from './finding.js';
import { inspect } from './inspect.js';

/**
 * Everything in a service config that grpc-js 1.14 will ignore, replace, misread or throw at, in the order of the
 * config's fields. An empty list: grpc-js and the policies do all that it says. Which policies are registered counts, so
 * register them first: those of `definePolicy` are checked by the fields that they declare. Never throws.
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
  return inspect(config).findings.map(({ takenFrom: _, ...finding }) => finding);
}
