import { credentials } from '@grpc/grpc-js';
import { leastRequest, serviceConfig } from '@petiole/balancer';
import { EchoService } from '@petiole/echo-proto';
import { createChannel, createClient } from 'nice-grpc';
import '@petiole/balancer/register';
import '@petiole/resolver/register';

export function echoClient(target, policy = leastRequest()) {
  const channel = createChannel(target, credentials.createInsecure(), {
    'grpc.service_config': serviceConfig({ loadBalancingConfig: [policy] }),
  });
  return { channel, client: createClient(EchoService, channel) };
}
