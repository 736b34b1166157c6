import { customRoundRobin, serviceConfig } from '@petiole/balancer';
import { EchoService } from '@petiole/echo-proto';
import { registerStaticResolver, staticTarget } from '@petiole/resolver';
import { createChannel, createClient } from 'nice-grpc';
import { askServers } from './order.mjs';

customRoundRobin.register();
registerStaticResolver();

const answers = await askServers((addresses) => {
  const channel = createChannel(staticTarget(addresses), undefined, {
    'grpc.service_config': serviceConfig({ loadBalancingConfig: [customRoundRobin()] }),
  });
  const client = createClient(EchoService, channel);
  return {
    ask: async () => (await client.UnaryEcho({})).message,
    close: () => channel.close(),
  };
});
console.log(answers);
