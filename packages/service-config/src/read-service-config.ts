/** `readServiceConfig()`: what a resolver hands to grpc-js, which trusts resolvers (fact S3). */
import type { ServiceConfig } from '@grpc/grpc-js';
import { inspect } from './check-service-config.js';
import { isNumber, isString, own } from './json.js';

/** A service config as people write it: proto3 JSON (service_config.proto), as an object or a string. */
export type ServiceConfigInput = string | object;

/** Who hands a service config over: the program itself, or DNS, where it serves clients in all languages. */
export type ServiceConfigSource = 'program' | 'dns';

/** A service config in grpc-js's form, and the fields that grpc-js has no place for. */
export interface PreparedServiceConfig {
  readonly config: ServiceConfig;
  /** `healthCheckConfig.serviceName`, null without one (gRFC A17). */
  readonly healthCheckServiceName: string | null;
  /** `connectionScaling.maxConnectionsPerSubchannel`, 1 without one (gRFC A105). */
  readonly maxConnections: number;
}

/** Thrown for a service config that grpc-js would misread, or that would harm the process. */
export class ServiceConfigError extends Error {
  override readonly name = 'ServiceConfigError';

  /** The resolvers have this class in their own file, too: it is the same to whoever asks. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'ServiceConfigError';
  }

  /** @param path the field, `methodConfig[0].timeout`; empty for the whole. */
  constructor(path: string, instead: string) {
    const verb = /^(must|is|needs) /.test(instead);
    super(`service config: ${path === '' ? 'it' : path}${verb ? '' : ':'} ${instead}`);
  }
}

/**
 * Checks a service config as `checkServiceConfig` does, and gives it in the form that grpc-js reads. Fields that nobody
 * reads are left out. They are refused in a config of the program itself if somebody seems to wait for an effect: if
 * they are misspelt, or if grpc-js has no use for them. One from DNS serves clients in all languages.
 *
 * @throws {ServiceConfigError} that names the first error: the field, its value and what is allowed.
 */
export function readServiceConfig(
  input: ServiceConfigInput,
  source: ServiceConfigSource,
): PreparedServiceConfig {
  const { findings, mended } = inspect(input);
  const error = findings.find(
    ({ severity, takenFrom }) => severity === 'error' && takenFrom !== source && takenFrom !== 'anyone',
  );
  if (error !== undefined) throw new ServiceConfigError(error.path, error.instead);
  const { healthCheckConfig, connectionScaling, ...rest } = own(mended);
  const { serviceName } = own(healthCheckConfig);
  const { maxConnectionsPerSubchannel: most } = own(connectionScaling);
  return {
    config: { loadBalancingConfig: [], methodConfig: [], ...rest },
    healthCheckServiceName: isString(serviceName) ? serviceName : null,
    maxConnections: isNumber(most) ? most : 1,
  };
}
