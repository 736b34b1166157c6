import { credentials } from '@grpc/grpc-js';
import { leastRequest, serviceConfig } from '@petiole/balancer';
import { EchoClient } from '@petiole/echo-proto';
import '@petiole/balancer/register';
import '@petiole/resolver/register';

/** One client for the process: `next dev` evaluates this module again after each edit. */
export function echoClient(target, policy = leastRequest()) {
  globalThis.echoClient ??= new EchoClient(target, credentials.createInsecure(), {
    'grpc.service_config': serviceConfig({ loadBalancingConfig: [policy] }),
  });
  return globalThis.echoClient;
}
