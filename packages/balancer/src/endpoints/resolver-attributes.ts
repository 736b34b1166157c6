/** What resolvers tell the policies of this package beside endpoints. */
import type { ChannelOptions } from '@grpc/grpc-js';
import {
  HEALTH_CHECK_SERVICE_NAME_ATTRIBUTE,
  isJson,
  own,
  TARGET_ATTRIBUTE,
} from '@petiole/service-config/internal';

/** The channel's target, known when a resolver of `@petiole/resolver` serves it. */
export function targetOf(options: ChannelOptions): string | undefined {
  const target: unknown = options[TARGET_ATTRIBUTE];
  return typeof target === 'string' ? target : undefined;
}

/**
 * The service name to health-check, or undefined for no health checking (gRFC A17).
 *
 * grpc-js drops `healthCheckConfig` when it validates a service config (R18). So it is read from the attribute that
 * our resolvers pass along with a service config of their own, else from the channel's `grpc.service_config`.
 * An empty name asks for the health of the server as a whole; without `serviceName` there is no health checking.
 * The channel option `grpc.inhibit_health_checking` switches it off.
 */
export function healthCheckServiceOf(options: ChannelOptions): string | undefined {
  if (options['grpc.inhibit_health_checking']) return undefined;
  const attribute: unknown = options[HEALTH_CHECK_SERVICE_NAME_ATTRIBUTE];
  if (attribute !== undefined) return typeof attribute === 'string' ? attribute : undefined;
  return serviceNameIn(options['grpc.service_config']);
}

let lastJson: string | undefined;
let lastName: string | undefined;

function serviceNameIn(json: string | undefined): string | undefined {
  if (json === undefined) return undefined;
  if (json !== lastJson) {
    lastJson = json;
    lastName = parseServiceName(json);
  }
  return lastName;
}

function parseServiceName(json: string): string | undefined {
  try {
    const config: unknown = JSON.parse(json);
    const health = isJson(config) ? own(config).healthCheckConfig : undefined;
    const name = isJson(health) ? own(health).serviceName : undefined;
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined; // grpc-js has thrown on this config already, where the user can see it
  }
}
