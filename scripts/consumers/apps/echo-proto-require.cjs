/** CommonJS: the same through require(). */
const { credentials, Server, ServerCredentials } = require('@grpc/grpc-js');
const { EchoClient, EchoService } = require('@petiole/echo-proto');

const server = new Server();
server.addService(EchoService, {
  UnaryEcho: ({ request }, respond) => respond(null, { message: request.message }),
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_error, port) => {
  const client = new EchoClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
  });
  client.unaryEcho({ message: 'echo' }, (error, response) => {
    console.log(error?.message ?? response.message);
    client.close();
    server.forceShutdown();
  });
});
