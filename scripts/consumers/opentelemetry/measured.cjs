// Everything by require(), with `node --require`.
const assert = require('node:assert/strict');
const { order } = require('./order.cjs');

order().then(async (answers) => {
  const method = 'grpc.examples.echo.Echo/UnaryEcho';
  assert.deepEqual(await recorded('grpc.client.call.duration', 'grpc.method'), { [method]: 9 });
  console.log(answers);
});
