/** Servers that allow few streams on a connection: RPCs that come at once, with and without connectionScaling (gRFC A105). */
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import '@petiole/balancer/register';
import { createManualResolver } from '@petiole/resolver';
import { figure, type Report, tableOf } from '../report/report.js';
import { median } from '../report/statistics.js';
import { bytes, method, UNARY } from './wire.js';

const SERVERS = 2;
const STREAMS = 10;
const RPCS = 100;
const ANSWER_MS = 100;
const TARGET_MS = 200;
const PAYLOAD = Buffer.from('a request of the size of many');

async function listen(): Promise<{ server: Server; address: string }> {
  const server = new Server({ 'grpc.max_concurrent_streams': STREAMS });
  server.addService(
    { unary: method(UNARY) },
    {
      unary: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) =>
        void setTimeout(callback, ANSWER_MS, null, call.request),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { server, address: `127.0.0.1:${port}` };
}

/** How long all of them take on a channel that is READY, in milliseconds. */
async function burst(endpoints: readonly string[], maxConnectionsPerSubchannel: number): Promise<number> {
  const resolver = createManualResolver({ endpoints });
  const client = new Client(resolver.target, credentials.createInsecure(), {
    'grpc.service_config': JSON.stringify({
      loadBalancingConfig: [{ least_request: {} }],
      connectionScaling: { maxConnectionsPerSubchannel },
    }),
    'grpc.use_local_subchannel_pool': 1,
  });
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + 10_000 };
      client.makeUnaryRequest(UNARY, bytes, bytes, PAYLOAD, options, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  try {
    for (let i = 0; i < SERVERS * 4; i++) await ask();
    const start = performance.now();
    await Promise.all(Array.from({ length: RPCS }, ask));
    return performance.now() - start;
  } finally {
    client.close();
    resolver.close();
  }
}

export async function streams(quick: boolean): Promise<Report> {
  const servers = await Promise.all(Array.from({ length: SERVERS }, listen));
  const endpoints = servers.map(({ address }) => address);
  const without: number[] = [];
  const scaled: number[] = [];
  for (let round = 0; round < (quick ? 1 : 9); round++) {
    without.push(await burst(endpoints, 1));
    scaled.push(await burst(endpoints, 10));
  }
  for (const { server } of servers) server.forceShutdown();
  const row = (name: string, all: readonly number[]) => ({
    connectionScaling: name,
    'all answered, median': figure(median(all), 'ms'),
    'beside none': figure(median(all) / median(without)),
  });
  return {
    tables: [
      tableOf(
        `${RPCS} RPCs at once, each answered after ${ANSWER_MS} ms, on ${SERVERS} servers of ${STREAMS} streams`,
        [row('none', without), row('10 connections', scaled)],
      ),
    ],
    verdicts: [
      {
        target: `with connectionScaling: all within ${TARGET_MS} ms`,
        measured: figure(median(scaled), 'ms'),
        met: median(scaled) <= TARGET_MS,
      },
    ],
    notes: [
      'The client and the servers are one process; connections beyond the first one are made within the time measured.',
    ],
  };
}
