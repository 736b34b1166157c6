/** grpc-go's own OpenTelemetry metrics and ours, of the same RPCs to the same kind of server: all but times is equal. */
import { readFileSync } from 'node:fs';
import {
  type ChannelOptions,
  type Client,
  type ClientDuplexStream,
  type Server,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { Backend, BackendOptions } from '@petiole/test-kit/backend';
import { startBackend, startPeer } from '@petiole/test-kit/servers';
import { expect, test } from 'vitest';
import { type InstrumentOptions, withCustomLabel } from '../src/index.js';
import { openEchoClient, unary } from './support/echo-client.js';
import { record } from './support/record.js';
import type { RecordedMetric } from './support/recorded.js';

const { vectors } = JSON.parse(
  readFileSync(new URL('./oracles/vectors/metrics.json', import.meta.url), 'utf8'),
) as { vectors: Record<string, RecordedMetric[]> };

interface Run {
  readonly client: Client;
  readonly server: Backend;
  recorded(): Promise<RecordedMetric[]>;
}

interface Scenario {
  readonly server?: 'silent' | 'absent';
  readonly channel?: ChannelOptions;
  readonly options?: InstrumentOptions;
  run(run: Run): unknown;
}

const RETRIES: ChannelOptions = {
  'grpc.service_config': JSON.stringify({
    methodConfig: [
      {
        name: [{}],
        retryPolicy: {
          maxAttempts: 4,
          initialBackoff: '0.01s',
          maxBackoff: '0.01s',
          backoffMultiplier: 1,
          retryableStatusCodes: ['UNAVAILABLE'],
        },
      },
    ],
  }),
};

/** What the server of the oracle does: the request says what comes of it. */
function answers(): NonNullable<BackendOptions['unary']> {
  let calls = 0;
  return (call, callback) => {
    calls += 1;
    const request = String(call.request);
    if (request === 'not found') callback({ code: status.NOT_FOUND });
    else if (request === 'fail' || (request === 'fail twice' && calls <= 2))
      callback({ code: status.UNAVAILABLE });
    else if (request !== 'hang') callback(null, call.request);
  };
}

const DISCONNECT_ERROR: InstrumentOptions = { optionalLabels: ['grpc.disconnect_error'] };

/** One RPC, and then the end of its connection. */
function disconnected(end: (run: Run) => unknown): Scenario {
  return {
    run: async (run) => {
      await unary(run.client, 'hello');
      await end(run);
      await expect
        .poll(async () => (await run.recorded()).map(({ name }) => name))
        .toContain('grpc.subchannel.disconnections');
    },
  };
}

const scenarios: Record<string, Scenario> = {
  answered: {
    run: async ({ client }) => {
      for (let i = 0; i < 3; i++) await unary(client, 'hello');
    },
  },
  'not registered': { run: ({ client }) => ask(client, '/petiole.test.Other/Unary') },
  'refused by the application': { run: ({ client }) => unary(client, 'not found') },
  cancelled: {
    run: async ({ client, server }) => {
      const ended = unary(client, 'hang', {
        started: (call) => untilCalled(server).then(() => call.cancel()),
      });
      expect((await ended)?.code).toBe(status.CANCELLED);
    },
  },
  deadline: {
    run: async ({ client }) => {
      await unary(client, 'hello');
      await unary(client, 'hang', { deadline: Date.now() + 200 });
    },
  },
  'retried twice': { channel: RETRIES, run: ({ client }) => unary(client, 'fail twice') },
  'retried in vain': { channel: RETRIES, run: ({ client }) => unary(client, 'fail') },
  big: { run: ({ client }) => unary(client, 'x'.repeat(1_000_000)) },
  empty: { run: ({ client }) => unary(client, '') },
  stream: { run: ({ client }) => converse(client, [10, 200, 3000]) },
  'deadline before a connection': {
    server: 'silent',
    run: ({ client }) => unary(client, 'hello', { deadline: Date.now() + 200 }),
  },
  'nobody listens': { server: 'absent', run: ({ client }) => unary(client, 'hello') },
  'server stops': disconnected(({ server }) => server.drain()),
  'server stops, with a label': {
    options: DISCONNECT_ERROR,
    ...disconnected(({ server }) => server.drain()),
  },
  'server breaks off': { options: DISCONNECT_ERROR, ...disconnected(({ server }) => server.crash()) },
  'client closes': { options: DISCONNECT_ERROR, ...disconnected(({ client }) => client.close()) },
  'custom label': {
    options: {
      optionalLabels: ['grpc.client.call.custom', 'grpc.lb.locality', 'grpc.lb.backend_service'],
    },
    run: async ({ client }) => {
      await withCustomLabel('checkout', () => unary(client, 'hello'));
      await unary(client, 'hello');
    },
  },
};

test('every scenario of the oracle is one of ours', () => {
  expect(Object.keys(scenarios).sort()).toEqual(Object.keys(vectors).sort());
});

test.each(Object.entries(scenarios))(
  '%s: names, units, labels and values are those of grpc-go',
  async (name, scenario) => {
    const server = await startBackend({ unary: answers(), services: addOther });
    const metrics = record({ ...scenario.options, channels: (target) => target.endsWith(server.address) });
    if (scenario.server !== undefined) server.kill();
    if (scenario.server === 'silent') await startPeer('silent', server.host, server.port);
    const client = openEchoClient(server.address, scenario.channel);
    const recorded = async (): Promise<RecordedMetric[]> => {
      const text = JSON.stringify(await metrics.metrics()).replaceAll(server.address, 'SERVER');
      return JSON.parse(text).filter(({ points }: RecordedMetric) => points.length > 0);
    };
    await scenario.run({ client, server, recorded });

    expect((await recorded()).filter(({ name }) => name.startsWith('grpc.')).map(withoutTimes)).toEqual(
      vectors[name]?.map(asTheGrfcs),
    );
  },
);

function withoutTimes(metric: RecordedMetric): unknown {
  if (metric.unit !== 's') return metric;
  return { ...metric, points: metric.points.map(({ labels, count }) => ({ labels, count })) };
}

/** Where grpc-go differs from A94, we don't: the target is that of A66, and connections are counted in connections. */
function asTheGrfcs(metric: RecordedMetric): RecordedMetric {
  if (!metric.name.startsWith('grpc.subchannel.')) return metric;
  return {
    ...metric,
    unit: metric.name === 'grpc.subchannel.open_connections' ? '{connection}' : metric.unit,
    points: metric.points.map((point) => ({
      ...point,
      labels: { ...point.labels, 'grpc.target': 'dns:///SERVER' },
    })),
  };
}

/** Sends messages of these sizes, each after the answer to the one before. */
async function converse(client: Client, sizes: readonly number[]): Promise<void> {
  const { bidi } = client as unknown as { bidi(): ClientDuplexStream<Buffer, Buffer> };
  const stream = bidi.call(client);
  const answers = stream[Symbol.asyncIterator]();
  for (const size of sizes) {
    stream.write(Buffer.alloc(size));
    await answers.next();
  }
  stream.end();
  await answers.next();
}

async function untilCalled(server: Backend): Promise<void> {
  await expect.poll(() => server.calls).toBeGreaterThan(0);
}

const bytes = (value: Buffer): Buffer => value;

/** A method that no client of this process was generated with. */
function addOther(server: Server): void {
  const codec = {
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
  const unary = { path: '/petiole.test.Other/Unary', requestStream: false, responseStream: false, ...codec };
  server.addService(
    { unary },
    {
      unary: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) =>
        callback(null, call.request),
    },
  );
}

function ask(client: Client, path: string): Promise<unknown> {
  return new Promise((resolve) => client.makeUnaryRequest(path, bytes, bytes, Buffer.from('hello'), resolve));
}
