/** What a TypeScript application writes with @petiole/echo-proto. Only compiled, never run. */
import { credentials, Server } from '@grpc/grpc-js';
import { EchoClient, type EchoHandlers, EchoService, protoPath } from '@petiole/echo-proto';

const handlers: EchoHandlers = {
  UnaryEcho: (call, respond) => respond(null, { message: call.request.message }),
  ServerStreamingEcho: (call) => call.end(),
  ClientStreamingEcho: (call, respond) => call.on('end', () => respond(null, { message: '' })),
  BidirectionalStreamingEcho: (call) =>
    call.on('data', (request) => call.write({ message: request.message })),
};
new Server().addService(EchoService, handlers);

export const path: string = protoPath;
export const client: EchoClient = new EchoClient('localhost:1', credentials.createInsecure());
client.unaryEcho({ message: 'hello' }, (error, response) => {
  const message: string | undefined = response?.message;
  console.log(error?.code, message);
});

// @ts-expect-error: were the types lost on the way, they would be any, and this no error
client.unaryEcho({ message: 1 }, () => {});
