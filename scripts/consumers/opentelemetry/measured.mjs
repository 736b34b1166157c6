import assert from 'node:assert/strict';
import { order } from './order.mjs';

const answers = await order();
// Of endpoints is told when all is over.
await new Promise(setImmediate);
const method = 'grpc.examples.echo.Echo/UnaryEcho';
assert.deepEqual(await recorded('grpc.client.call.duration', 'grpc.method'), { [method]: 9 });
assert.deepEqual(await recorded('grpc.client.attempt.started', 'grpc.method'), { [method]: 9 });
assert.deepEqual(await recorded('petiole.lb.endpoints', 'petiole.endpoint.state'), {
  CONNECTING: 0,
  READY: 0,
});
if (globalThis.finishedSpans) assert.equal(finishedSpans().filter(({ kind }) => kind === 2).length, 9);
console.log(answers);
