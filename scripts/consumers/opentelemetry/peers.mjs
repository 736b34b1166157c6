import assert from 'node:assert/strict';
import { credentials } from '@grpc/grpc-js';
import { customRoundRobin, serviceConfig } from '@petiole/balancer';
import { EchoClient } from '@petiole/echo-proto';
import { staticTarget } from '@petiole/resolver';
import { askServers, connectionOf } from './order.mjs';
import { peerOnSpan } from './peer-on-span.mjs';
import '@petiole/balancer/register';
import '@petiole/resolver/register';

let servers;
const answers = await askServers((addresses) => {
  servers = addresses;
  const client = new EchoClient(staticTarget(addresses), credentials.createInsecure(), {
    interceptors: [peerOnSpan],
    'grpc.service_config': serviceConfig({ loadBalancingConfig: [customRoundRobin()] }),
  });
  return connectionOf(client);
});

const spans = globalThis.finishedSpans().filter(({ kind }) => kind === 2);
const peers = spans.map(
  ({ attributes }) => `${attributes['network.peer.address']}:${attributes['network.peer.port']}`,
);
assert.deepEqual(
  peers,
  [...answers].map((name) => servers['ABC'.indexOf(name)]),
);
// Its own attributes name the last server, whichever answers.
const named = spans.map(({ attributes }) => `${attributes['server.address']}:${attributes['server.port']}`);
assert.deepEqual(named, Array(spans.length).fill(servers.at(-1)));
console.log(answers);
