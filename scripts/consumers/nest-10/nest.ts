import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type ClientGrpc, ClientsModule, Transport } from '@nestjs/microservices';
import { customRoundRobin, serviceConfig } from '@petiole/balancer';
import { protoPath } from '@petiole/echo-proto';
import { registerStaticResolver, staticTarget } from '@petiole/resolver';
import { firstValueFrom, type Observable } from 'rxjs';
import { askServers } from './order.js';

customRoundRobin.register();
registerStaticResolver();

interface Echo {
  unaryEcho(request: object): Observable<{ message: string }>;
}

askServers(async (addresses) => {
  const clients = ClientsModule.register([
    {
      name: 'ECHO',
      transport: Transport.GRPC,
      options: {
        url: staticTarget(addresses),
        package: 'grpc.examples.echo',
        protoPath,
        channelOptions: {
          'grpc.service_config': serviceConfig({ loadBalancingConfig: [customRoundRobin()] }),
        },
      },
    },
  ]);

  class AppModule {}
  Module({ imports: [clients] })(AppModule);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const echo = app.get<ClientGrpc>('ECHO').getService<Echo>('Echo');
  return {
    ask: async () => (await firstValueFrom(echo.unaryEcho({}))).message,
    close: () => void app.close(),
  };
}).then((answers) => {
  console.log(answers);
});
