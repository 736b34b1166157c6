import type { DynamicModule } from '@nestjs/common';
import { ClientsModule, Transport } from '@nestjs/microservices';
import { leastRequest, serviceConfig } from '@petiole/balancer';
import { protoPath } from '@petiole/echo-proto';
import '@petiole/balancer/register';
import '@petiole/resolver/register';

export function echoClients(url: string, policy = leastRequest()): DynamicModule {
  return ClientsModule.register([
    {
      name: 'ECHO',
      transport: Transport.GRPC,
      options: {
        url, // 'dns+refresh:echo.default.svc.cluster.local:50051'
        package: 'grpc.examples.echo',
        protoPath,
        channelOptions: { 'grpc.service_config': serviceConfig({ loadBalancingConfig: [policy] }) },
      },
    },
  ]);
}
