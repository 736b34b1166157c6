import assert from 'node:assert/strict';
import { customRoundRobin } from '@petiole/balancer';
import { staticTarget } from '@petiole/resolver';
import { echoClient } from './echo-client.mjs';
import { askServers } from './order.mjs';

const answers = await askServers((addresses) => {
  const { channel, client } = echoClient(staticTarget(addresses), customRoundRobin());
  return {
    ask: async () => (await client.UnaryEcho({})).message,
    close: () => channel.close(),
  };
});

/** What docs/frameworks.md says of nice-grpc: it appends a port to what has none at its end, unless `://` follows a scheme. */
function targetOf(target) {
  const { channel } = echoClient(target);
  channel.close();
  return channel.getTarget();
}
assert.match(targetOf('srv:_grpc._tcp.echo.example'), /echo\.example:80$/);
assert.doesNotMatch(targetOf('srv:///_grpc._tcp.echo.example'), /:80$/);
assert.match(targetOf('static:echo-1,echo-2'), /echo-2:80$/);
assert.match(targetOf('dns+refresh:echo.example'), /echo\.example:80$/);

console.log(answers);
