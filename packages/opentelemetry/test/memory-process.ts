/**
 * What metrics hold in memory, by `node --expose-gc`: the heap in bytes, as JSON, with 10,000 endpoints at once, and when they
 * and 10,000 RPCs are gone, for generations of them, each of names that nobody has had before. `measured` has metrics on.
 */
import { channel } from 'node:diagnostics_channel';
import { setImmediate } from 'node:timers/promises';
import { type ChannelOptions, Client, credentials, type experimental, setLogger } from '@grpc/grpc-js';
import { instrument } from '../src/index.js';
import { askPath } from './support/ask-path.js';
import { Recorded } from './support/recorded.js';

const COUNT = 10_000;
const TARGETS = 10;
const OPTIONS: ChannelOptions = { 'grpc.enable_http_proxy': 0, 'grpc.enable_channelz': 0 };
const isMeasured = process.argv.includes('measured');
const insecure = credentials.createInsecure();
setLogger({ error: () => {} });

const recorded = new Recorded();
if (isMeasured) instrument({ meterProvider: recorded.meterProvider });

/** Nobody listens there: an RPC is counted, and fails. */
const client = new Client('ipv4:127.0.0.1:1', insecure, OPTIONS);
const { subchannelPool } = (client.getChannel() as unknown as { internalChannel: Inner }).internalChannel;

interface Inner {
  readonly subchannelPool: {
    getOrCreateSubchannel(
      target: experimental.GrpcUri,
      address: experimental.SubchannelAddress,
      options: ChannelOptions,
      credentials: object,
    ): experimental.SubchannelInterface;
    unrefUnusedSubchannels(): void;
  };
}

const states = channel('petiole.endpoint.state');

function tell(generation: number, from: string, to: string): void {
  for (let i = 0; i < COUNT; i++)
    states.publish({ target: `test:${i % TARGETS}`, endpoint: `${generation}-${i}.example:1`, from, to });
}

/** As policies do it, which refer to them: the pool drops those to which nobody else does, every 10 s. */
function makeSubchannels(generation: number): experimental.SubchannelInterface[] {
  return Array.from({ length: COUNT }, (_, i) => {
    const target = { scheme: 'test', path: String(i % TARGETS) };
    const address = { host: `10.${generation}.${i >> 8}.${i & 255}`, port: 1 };
    const subchannel = subchannelPool.getOrCreateSubchannel(target, address, OPTIONS, insecure);
    subchannel.ref();
    return subchannel;
  });
}

async function heap(): Promise<number> {
  if (isMeasured) await recorded.metrics();
  for (let i = 0; i < 4; i++) {
    await setImmediate();
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

/** @returns the heap while the endpoints are there, and when they are gone */
async function generation(number: number): Promise<{ there: number; gone: number }> {
  tell(number, 'IDLE', 'CONNECTING');
  tell(number, 'CONNECTING', 'READY');
  const subchannels = makeSubchannels(number);
  const there = await heap();
  tell(number, 'READY', 'SHUTDOWN');
  for (const subchannel of subchannels.splice(0)) subchannel.unref();
  subchannelPool.unrefUnusedSubchannels();
  for (let i = 0; i < COUNT; i++) await askPath(client, `/unknown.${number}/${i}`);
  return { there, gone: await heap() };
}

const generations = [];
for (let i = 0; i < 4; i++) generations.push(await generation(i));
console.log(JSON.stringify(generations));
process.exit();
