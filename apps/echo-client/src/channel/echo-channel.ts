/** The client under test: a channel to a target, with one of the policies. */
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { serviceConfig } from '@petiole/balancer';
import '@petiole/balancer/register';
import { EchoClient } from '@petiole/echo-proto';
import '@petiole/resolver/register';
import { loadBalancing, type PolicyName, type PolicySettings } from './policies.js';

/** Where to connect and how. */
export interface EchoChannelConfig extends PolicySettings {
  /** Any target of grpc-js or of `@petiole/resolver`. */
  readonly target: string;
  readonly policy: PolicyName;
  /** The service whose health the servers are asked for, `''` for the whole server; undefined: no health checks. */
  readonly healthService?: string | undefined;
  /** Default: no TLS. */
  readonly credentials?: ChannelCredentials | undefined;
  /** The name that TLS verifies instead of the target's. */
  readonly serverName?: string | undefined;
  /** Obey `http_proxy` of the environment. Default false: a proxy takes over the target, scheme and all. */
  readonly httpProxy?: boolean | undefined;
  /** Share no connection with another channel of this process; by default grpc-js channels to one target do. */
  readonly ownConnections?: boolean;
}

/**
 * Opens nothing yet: grpc-js connects with the first RPC.
 * @throws {Error} on a target that grpc-js cannot read.
 */
export function createEchoClient(config: EchoChannelConfig): EchoClient {
  const { healthService, serverName } = config;
  return new EchoClient(config.target, config.credentials ?? credentials.createInsecure(), {
    'grpc.service_config': serviceConfig({
      loadBalancingConfig: [loadBalancing(config.policy, config)],
      healthCheckConfig: healthService === undefined ? undefined : { serviceName: healthService },
    }),
    'grpc.enable_http_proxy': config.httpProxy === true ? 1 : 0,
    'grpc.use_local_subchannel_pool': config.ownConnections === true ? 1 : 0,
    ...(serverName === undefined
      ? {}
      : { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName }),
    // A server that starts late is noticed soon; the defaults are 1 s and 120 s.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 500,
  });
}
