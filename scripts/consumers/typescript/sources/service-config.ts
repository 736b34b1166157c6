/** What a TypeScript application writes with @petiole/service-config. Only compiled, never run. */
import {
  type ConfigOf,
  checkServiceConfig,
  type Duration,
  duration,
  integer,
  type JsonOf,
  type MethodConfig,
  type PreparedServiceConfig,
  readServiceConfig,
  ServiceConfigError,
  type ServiceConfigFinding,
  type ServiceConfigInput,
  type ServiceConfigSource,
  serviceConfig,
} from '@petiole/service-config';

const timeout: Duration = { seconds: 0, nanos: 5e8 };
const methodConfig: MethodConfig[] = [{ name: [{}], timeout }];
export const text: string = serviceConfig({ loadBalancingConfig: [{ round_robin: {} }], methodConfig });

export const errors: ServiceConfigFinding[] = checkServiceConfig(text).filter(
  ({ severity, outcome }) => severity === 'error' || outcome === 'harms',
);

export function read(input: ServiceConfigInput, source: ServiceConfigSource): PreparedServiceConfig | string {
  try {
    return readServiceConfig(input, source);
  } catch (error) {
    return error instanceof ServiceConfigError ? error.message : '';
  }
}

/** The fields of a policy's config, of which `declared.pause` is milliseconds. */
export const fields = { repeatCount: integer({ min: 1, default: 3 }), pause: duration() };
export const written: JsonOf<typeof fields> = { repeatCount: null, pause: '0.5s' };
export const declared: ConfigOf<typeof fields> = { repeatCount: 3, pause: 500 };

// @ts-expect-error: were the types lost on the way, they would be any, and this no error
readServiceConfig({}, 'file');
