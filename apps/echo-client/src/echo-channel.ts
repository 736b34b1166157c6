/** The client under test: a channel over static dual-stack endpoints with `custom_round_robin` as its policy. */
import { credentials } from '@grpc/grpc-js';
import { customRoundRobin, registerCustomRoundRobin, serviceConfig } from '@petiole/balancer';
import { EchoClient } from '@petiole/echo-proto';
import { registerStaticResolver, staticTarget } from '@petiole/resolver';

/** Where to connect, each endpoint with all its addresses, and how often in a row to pick each. */
export interface EchoChannelConfig {
  readonly endpoints: readonly { readonly addresses: readonly string[] }[];
  readonly repeatCount: number;
  /** Share no connection with another channel of this process; by default grpc-js channels to one target do. */
  readonly ownConnections?: boolean;
}

/** Opens nothing yet: grpc-js connects with the first RPC. */
export function createEchoClient({
  endpoints,
  repeatCount,
  ownConnections = false,
}: EchoChannelConfig): EchoClient {
  registerStaticResolver();
  registerCustomRoundRobin();
  return new EchoClient(staticTarget(endpoints), credentials.createInsecure(), {
    'grpc.service_config': serviceConfig({ loadBalancing: customRoundRobin({ repeatCount }) }),
    // A proxy from the environment would take over the target, scheme and all.
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': ownConnections ? 1 : 0,
    // A server that starts late is noticed soon; the defaults are 1 s and 120 s.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 500,
  });
}
