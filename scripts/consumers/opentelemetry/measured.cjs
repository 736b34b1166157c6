// Everything by require(), with `node --require`: a client as generated code for CommonJS makes it.
const assert = require('node:assert/strict');
const { credentials, makeClientConstructor } = require('@grpc/grpc-js');
const { customRoundRobin, serviceConfig } = require('@petiole/balancer');
const { EchoService } = require('@petiole/echo-proto');
const { staticTarget } = require('@petiole/resolver');
const { askServers, connectionOf } = require('./order.cjs');
require('@petiole/balancer/register');
require('@petiole/resolver/register');

const EchoClient = makeClientConstructor(EchoService, 'Echo');
const config = serviceConfig({ loadBalancingConfig: [customRoundRobin()] });
const connect = (addresses) =>
  connectionOf(
    new EchoClient(staticTarget(addresses), credentials.createInsecure(), { 'grpc.service_config': config }),
  );

askServers(connect).then(async (answers) => {
  const method = 'grpc.examples.echo.Echo/UnaryEcho';
  assert.deepEqual(await recorded('grpc.client.call.duration', 'grpc.method'), { [method]: 9 });
  if (globalThis.finishedSpans) assert.equal(finishedSpans().filter(({ kind }) => kind === 2).length, 9);
  console.log(answers);
});
