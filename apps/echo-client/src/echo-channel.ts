/** The client under test: a channel over static dual-stack endpoints with `custom_round_robin` as its policy. */
import { credentials } from '@grpc/grpc-js';
import { customRoundRobin, registerCustomRoundRobin, serviceConfig } from '@petiole/balancer';
import { EchoClient } from '@petiole/echo-proto';
import { registerStaticResolver, staticTarget } from '@petiole/resolver';

/** Where to connect, each endpoint with all its addresses, and how often in a row to pick each. */
export interface EchoChannelConfig {
  readonly endpoints: readonly { readonly addresses: readonly string[] }[];
  readonly repeatCount: number;
}

/** The target of a channel over these endpoints. */
export function echoTarget(endpoints: EchoChannelConfig['endpoints']): string {
  return staticTarget(endpoints);
}

/** Opens nothing yet: grpc-js connects with the first RPC. */
export function createEchoClient({ endpoints, repeatCount }: EchoChannelConfig): EchoClient {
  registerStaticResolver();
  registerCustomRoundRobin();
  return new EchoClient(echoTarget(endpoints), credentials.createInsecure(), {
    'grpc.service_config': serviceConfig({ loadBalancing: customRoundRobin({ repeatCount }) }),
    // A proxy from the environment would take over the target, scheme and all.
    'grpc.enable_http_proxy': 0,
    // A server that starts late is noticed soon; the defaults are 1 s and 120 s.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 500,
  });
}
