/**
 * A client of another copy of grpc-js, the oldest of the peer range: the policy is registered with the first one, so the client
 * uses pick_first, and one line at ERROR says so.
 */
import assert from 'node:assert/strict';
import { Client, credentials, setLogger } from '@grpc/grpc-js';
import * as other from 'grpc-js-oldest';
import { askServers } from './order.mjs';
import '@petiole/balancer/register';

const lines = [];
setLogger({ ...console, error: (line) => lines.push(line) });
const ask = (Constructor, insecure) => (addresses) => {
  const client = new Constructor(`ipv4:${addresses}`, insecure, {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ custom_round_robin: {} }] }),
    'grpc.enable_http_proxy': 0,
  });
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        const text = (bytes) => bytes.subarray(2).toString();
        const deadline = Date.now() + 10_000;
        client.makeUnaryRequest(
          '/grpc.examples.echo.Echo/UnaryEcho',
          (bytes) => bytes,
          text,
          Buffer.alloc(0),
          { deadline },
          (error, answer) => (error ? reject(error) : resolve(answer)),
        );
      }),
    close: () => client.close(),
  };
};
assert.match(await askServers(ask(other.Client, other.credentials.createInsecure())), /^(.)\1{8}$/);
// The second look for copies comes a second after the first one.
while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
assert.equal(lines.length, 1, lines.join('\n'));
for (const part of ['1.14.7', '1.14.5', 'pick_first', 'npm ls @grpc/grpc-js'])
  assert(lines[0].includes(part), lines[0]);
console.log(await askServers(ask(Client, credentials.createInsecure())));
