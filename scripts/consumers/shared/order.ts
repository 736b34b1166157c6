/**
 * What every consumer does: it starts servers A, B and C on the loopback and asks them nine times, one after the other.
 * Becomes order.mjs and order.cjs, too.
 */
import { credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { customRoundRobin, serviceConfig } from '@petiole/balancer';
import { EchoClient, type EchoHandlers, EchoService } from '@petiole/echo-proto';
import { createManualResolver, registerStaticResolver, staticTarget } from '@petiole/resolver';

export interface Connection {
  ask(): Promise<string>;
  close(): void;
}

/** `127.0.0.1:PORT` of A, B and C. */
export type Connect = (addresses: string[]) => Connection | Promise<Connection>;

/** Who has answered: `AAABBBCCC` through custom_round_robin. */
export async function askServers(connect: Connect): Promise<string> {
  const servers = ['A', 'B', 'C'].map(serverCalled);
  try {
    const connection = await connect(await Promise.all(servers.map(listen)));
    let answers = '';
    for (let i = 0; i < 9; i += 1) answers += await connection.ask();
    connection.close();
    return answers;
  } finally {
    for (const server of servers) server.forceShutdown();
  }
}

export function connectTo(target: string, config: string): Connection {
  return connectionOf(
    new EchoClient(target, credentials.createInsecure(), {
      'grpc.service_config': config,
      'grpc.enable_http_proxy': 0,
    }),
  );
}

export function connectionOf(client: EchoClient): Connection {
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        client.unaryEcho({}, { deadline: Date.now() + 10_000 }, (error, response) =>
          error ? reject(error) : resolve(response?.message ?? ''),
        );
      }),
    close: () => client.close(),
  };
}

/** Registers what it needs, and asks through it. `whenListening` may fake timers: grpc-js's own server needs real ones to begin. */
export function order(whenListening = () => {}): Promise<string> {
  customRoundRobin.register();
  registerStaticResolver();
  return askServers((addresses) => {
    whenListening();
    return connectTo(staticTarget(addresses), serviceConfig({ loadBalancingConfig: [customRoundRobin()] }));
  });
}

/** First A, then B: the manual resolver, with which programs are tested, moves to B after the first answer. */
export function move(whenListening = () => {}): Promise<string> {
  return askServers(([first = '', second = '']) => {
    whenListening();
    const manual = createManualResolver({ endpoints: [first] });
    const { ask, close } = connectTo(
      manual.target,
      serviceConfig({ loadBalancingConfig: [customRoundRobin()] }),
    );
    return {
      ask: () => ask().finally(() => manual.update({ endpoints: [second] })),
      close,
    };
  });
}

function serverCalled(message: string): Server {
  const server = new Server();
  const handlers: EchoHandlers = {
    UnaryEcho: (_call, respond) => respond(null, { message }),
    ServerStreamingEcho: (call) => call.end(),
    ClientStreamingEcho: (_call, respond) => respond(null, { message }),
    BidirectionalStreamingEcho: (call) => call.end(),
  };
  server.addService(EchoService, handlers);
  return server;
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(`127.0.0.1:${port}`),
    );
  });
}
