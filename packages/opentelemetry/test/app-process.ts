/**
 * A program as users write it: it has its clients by named imports and by `require`, opens one before there is a
 * MeterProvider, and ends with a line that says how many RPCs to the server in argv were recorded, by target and method.
 */
import { createRequire } from 'node:module';
import { Client, credentials, makeClientConstructor } from '@grpc/grpc-js';
import { metrics } from '@opentelemetry/api';
import { UNARY } from '@petiole/test-kit/backend';
import { startRpc } from '@petiole/test-kit/rpc';
import { Recorded } from './support/recorded.js';

const [server = ''] = process.argv.slice(2);
const insecure = credentials.createInsecure();
const required: typeof import('@grpc/grpc-js') = createRequire(import.meta.url)('@grpc/grpc-js');
const bytes = (value: Buffer): Buffer => value;
const codec = {
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};
const Generated = makeClientConstructor(
  { unary: { path: `${UNARY}Generated`, requestStream: false, responseStream: false, ...codec } },
  'Echo',
);

const early = new Client(`ipv4:${server}`, insecure);
const recorded = new Recorded();
metrics.setGlobalMeterProvider(recorded.meterProvider);

await startRpc(early).ended;
await startRpc(new required.Client(`dns:${server}`, insecure)).ended;
await new Promise((resolve) => new Generated(`dns:///${server}`, insecure).unary?.(Buffer.from(''), resolve));

const points = await recorded.points('grpc.client.call.duration');
console.log(
  JSON.stringify(points.map(({ labels, count }) => [labels['grpc.target'], labels['grpc.method'], count])),
);
process.exit();
