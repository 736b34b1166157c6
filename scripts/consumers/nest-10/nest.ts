import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { ClientGrpc } from '@nestjs/microservices';
import { customRoundRobin } from '@petiole/balancer';
import { staticTarget } from '@petiole/resolver';
import { firstValueFrom, type Observable } from 'rxjs';
import { echoClients } from './echo-clients.js';
import { askServers } from './order.js';

interface Echo {
  unaryEcho(request: object): Observable<{ message: string }>;
}

askServers(async (addresses) => {
  class AppModule {}
  Module({ imports: [echoClients(staticTarget(addresses), customRoundRobin())] })(AppModule);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const echo = app.get<ClientGrpc>('ECHO').getService<Echo>('Echo');
  return {
    ask: async () => (await firstValueFrom(echo.unaryEcho({}))).message,
    close: () => void app.close(),
  };
}).then((answers) => {
  console.log(answers);
});
