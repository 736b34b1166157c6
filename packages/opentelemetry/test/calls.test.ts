/** Metrics of RPCs and their attempts (gRFCs A66, A96 and A108), with real servers. */
import { setLogger, status } from '@grpc/grpc-js';
import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  createNoopMeter,
  type MeterProvider,
  ROOT_CONTEXT,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { openClient } from '@petiole/test-kit/clients';
import { startRpc } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument, METRICS, type MetricName } from '../src/index.js';
import { askPath } from './support/ask-path.js';
import { openEchoClient, unary } from './support/echo-client.js';
import { record } from './support/record.js';
import { Recorded } from './support/recorded.js';

const METHOD = 'petiole.test.Echo/Unary';

describe('an RPC', () => {
  test('is counted when it starts, and measured when it ends, with the labels of A66', async () => {
    const server = await startBackend();
    const recorded = record({ genericMethodAttributeFilter: () => true });
    const client = openClient(server.address);
    await startRpc(client).ended;

    const labels = { 'grpc.method': METHOD, 'grpc.target': `dns:///${server.address}` };
    expect(await recorded.points('grpc.client.attempt.started')).toMatchObject([{ labels, value: 1 }]);
    const ended = { ...labels, 'grpc.status': 'OK' };
    for (const name of ['grpc.client.attempt.duration', 'grpc.client.call.duration'] as const)
      expect(await recorded.points(name)).toMatchObject([{ labels: ended, count: 1 }]);
    for (const name of [
      'grpc.client.attempt.sent_total_compressed_message_size',
      'grpc.client.attempt.rcvd_total_compressed_message_size',
    ] as const)
      expect(await recorded.points(name)).toMatchObject([{ labels: ended, count: 1, value: 'hello'.length }]);
  });

  test('has the active span for exemplars, in all its records', async () => {
    const server = await startBackend();
    const contexts = new Set<unknown>();
    const note: Note = (_value, _labels, context) => contexts.add(context);
    const meterProvider = recordingMeter({ add: note, record: note });
    onTestFinished(instrument({ meterProvider, disable: CONNECTIONS }));
    const active = withContexts().setValue(createContextKey('span'), 'a span');
    await context.with(active, () => unary(openEchoClient(server.address), 'hello'));
    await expect.poll(() => [...contexts]).toEqual([active]);
  });

  test('is counted with those that start in the same turn, unless another span is active', async () => {
    const server = await startBackend();
    const client = openEchoClient(server.address);
    await unary(client, 'hello');
    const adds: [number, unknown][] = [];
    const meterProvider = recordingMeter({ add: (value, _labels, context) => adds.push([value, context]) });
    onTestFinished(instrument({ meterProvider, disable: CONNECTIONS }));
    const span = withContexts().setValue(createContextKey('span'), 'a span');
    const all = [1, 2, 3].map(() => unary(client, 'hello'));
    await Promise.all([...all, context.with(span, () => unary(client, 'hello'))]);
    expect(adds).toEqual([
      [3, ROOT_CONTEXT],
      [1, span],
    ]);
  });

  test('is recorded before a collection in the same turn, also where that shows in nothing', async () => {
    const server = await startBackend();
    const everythingObserved = (Object.keys(METRICS) as MetricName[]).filter((name) =>
      ['up-down counter', 'gauge'].includes(METRICS[name].kind),
    );
    for (const disable of [[], everythingObserved]) {
      const recorded = record({ disable, channels: (target) => target.endsWith(server.address) });
      await unary(openEchoClient(server.address), 'hello');
      expect(await recorded.points('grpc.client.call.duration')).toMatchObject([{ count: 1 }]);
    }
  });
});

test('a client that was in use before is reached, too, and its open connection is counted', async () => {
  const server = await startBackend();
  const client = openEchoClient(server.address);
  await unary(client, 'hello');
  const recorded = record({ channels: (target) => target.endsWith(server.address) });
  await unary(client, 'hello');
  expect(await recorded.points('grpc.client.attempt.started')).toMatchObject([{ value: 1 }]);
  expect(await recorded.points('grpc.subchannel.open_connections')).toMatchObject([{ value: 1 }]);
});

describe('retries (A96)', () => {
  const names = [
    'grpc.client.call.retries',
    'grpc.client.call.transparent_retries',
    'grpc.client.call.hedges',
    'grpc.client.call.retry_delay',
  ] as const;

  const withPolicy = (policy: object) => ({
    'grpc.service_config': JSON.stringify({ methodConfig: [{ name: [{}], ...policy }] }),
  });
  const retryPolicy = {
    maxAttempts: 4,
    initialBackoff: '0.05s',
    maxBackoff: '0.05s',
    backoffMultiplier: 1,
    retryableStatusCodes: ['UNAVAILABLE'],
  };

  test('are off unless they are enabled', async () => {
    const server = await startBackend({ unary: (_call, callback) => callback({ code: status.UNAVAILABLE }) });
    const recorded = record();
    await unary(openEchoClient(server.address, withPolicy({ retryPolicy })), 'hello');
    for (const name of names) expect(await recorded.points(name)).toEqual([]);
  });

  test('are counted by kind, with the time in which none of the attempts ran; 0 is not recorded', async () => {
    let calls = 0;
    const server = await startBackend({
      unary: (call, callback) => {
        calls += 1;
        if (calls <= 2) callback({ code: status.UNAVAILABLE });
        else callback(null, call.request);
      },
    });
    const recorded = record({ enable: names });
    const client = openEchoClient(server.address, withPolicy({ retryPolicy }));
    await unary(client, 'hello');
    await unary(client, 'hello');
    expect(await recorded.points('grpc.client.call.retries')).toMatchObject([{ count: 1, value: 2 }]);
    const [delay] = await recorded.points('grpc.client.call.retry_delay');
    expect(delay?.count).toBe(1);
    // Two pauses of 50 ms, with 20 % of jitter.
    expect(delay?.value).toBeGreaterThan(0.07);
    for (const name of ['grpc.client.call.transparent_retries', 'grpc.client.call.hedges'] as const)
      expect(await recorded.points(name)).toEqual([]);
  });

  test('are hedges where the policy hedges', async () => {
    let calls = 0;
    const server = await startBackend({
      unary: (call, callback) => {
        calls += 1;
        if (calls === 3) callback(null, call.request);
      },
    });
    const recorded = record({ enable: names });
    const hedgingPolicy = { maxAttempts: 3, hedgingDelay: '0.01s' };
    await unary(openEchoClient(server.address, withPolicy({ hedgingPolicy })), 'hello');
    expect(await recorded.points('grpc.client.call.hedges')).toMatchObject([{ count: 1, value: 2 }]);
    expect(await recorded.points('grpc.client.call.retries')).toEqual([]);
    expect(await recorded.points('grpc.client.call.retry_delay')).toEqual([]);
  });
});

describe('options', () => {
  test('enable and disable choose metrics by name, and disable counts for more', async () => {
    const server = await startBackend();
    const recorded = record({
      enable: ['grpc.client.call.duration'],
      disable: ['grpc.client.call.duration', 'grpc.client.attempt.duration'],
      channels: (target) => target.endsWith(server.address),
    });
    await unary(openEchoClient(server.address), 'hello');
    const names = (await recorded.metrics()).map(({ name }) => name);
    expect(names).toContain('grpc.client.attempt.started');
    expect(names).not.toContain('grpc.client.call.duration');
    expect(names).not.toContain('grpc.client.attempt.duration');
  });

  test.each<[object, string]>([
    [
      { enable: ['grpc.client.call.retry'] },
      'instrument: enable has "grpc.client.call.retry", which is none of grpc.client.call.duration, ',
    ],
    [{ disable: ['toString'] }, 'instrument: disable has "toString", which is none of '],
    [
      { optionalLabels: ['grpc.lb.localty'] },
      'instrument: optionalLabels has "grpc.lb.localty", which is none of grpc.client.call.custom, ',
    ],
    [
      { enable: 'grpc.client.call.hedges' },
      'instrument: enable must be an array, got "grpc.client.call.hedges"',
    ],
    [{ channels: 'all' }, 'instrument: channels must be a function, got "all"'],
    [{ meterprovider: {} }, 'instrument: meterprovider is no option: there are channels, '],
  ])('%j is refused, with what there is', (options, message) => {
    expect(() => instrument(options)).toThrow(message);
  });

  test('targets and methods that somebody made up can be "other", or not', async () => {
    const server = await startBackend();
    const recorded = record({
      targetAttributeFilter: (target) => !target.endsWith(server.address),
      genericMethodAttributeFilter: (method) => method === 'petiole.test.Echo/Known',
    });
    const client = openClient(server.address);
    for (const name of ['Known', 'Unknown']) await askPath(client, `/petiole.test.Echo/${name}`);
    expect((await recorded.points('grpc.client.attempt.started')).map(({ labels }) => labels)).toEqual([
      { 'grpc.method': 'other', 'grpc.target': 'other' },
      { 'grpc.method': 'petiole.test.Echo/Known', 'grpc.target': 'other' },
    ]);
  });

  test('a function that throws costs no RPC: it is logged once, and the default counts', async () => {
    const logged: string[] = [];
    setLogger({ error: (line: string) => logged.push(line) });
    onTestFinished(() => setLogger(console));
    const server = await startBackend();
    const thrower = (name: string) => () => {
      throw new Error(`a mistake in ${name}`);
    };
    const names = ['channels', 'targetAttributeFilter', 'genericMethodAttributeFilter'] as const;
    const recorded = record(Object.fromEntries(names.map((name) => [name, thrower(name)])));
    const client = openClient(server.address);
    for (const path of ['/made.Up/A', '/made.Up/B'])
      expect(await askPath(client, path)).toBe(status.UNIMPLEMENTED);
    const labels = { 'grpc.method': 'other', 'grpc.target': `dns:///${server.address}` };
    expect(await recorded.points('grpc.client.attempt.started')).toMatchObject([{ labels, value: 2 }]);
    for (const name of names) {
      const lines = logged.filter((line) => line.includes(`a mistake in ${name}`));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(
        new RegExp(`@petiole/opentelemetry: ${name} threw for '.+'; (true|false) counts: Error`),
      );
    }
  });

  test('genericMethodAttributeFilter is asked once for each of the first 1000 methods', async () => {
    const server = await startBackend();
    const asked: string[] = [];
    record({
      channels: (target) => target.endsWith(server.address),
      genericMethodAttributeFilter: (method) => asked.push(method) > 0,
    });
    const client = openClient(server.address);
    const ask = (path: string): Promise<unknown> => askPath(client, path);
    for (let i = 0; i < 3; i++) await ask('/made.Up/0');
    expect(asked).toEqual(['made.Up/0']);
    await Promise.all(Array.from({ length: 1000 }, (_, i) => ask(`/made.Up/${i + 1}`)));
    asked.length = 0;
    for (const path of ['/made.Up/999', '/made.Up/1000', '/made.Up/1000']) await ask(path);
    expect(asked).toEqual(['made.Up/1000', 'made.Up/1000']);
  });

  test('a view of the SDK that throws costs its own records, no others and no RPC, and is logged once', async () => {
    const logged: string[] = [];
    setLogger({ error: (line: string) => logged.push(line) });
    onTestFinished(() => setLogger(console));
    const names = [
      'grpc.subchannel.connection_attempts_succeeded',
      'grpc.client.attempt.started',
      'grpc.client.attempt.duration',
    ] as const;
    const attributesProcessors = [
      {
        process() {
          throw new Error('a mistake in a view');
        },
      },
    ];
    const recorded = new Recorded(names.map((instrumentName) => ({ instrumentName, attributesProcessors })));
    onTestFinished(instrument({ meterProvider: recorded.meterProvider }));
    const server = await startBackend();
    const client = openEchoClient(server.address);
    for (let i = 0; i < 2; i++)
      expect(await unary(client, 'hello', { deadline: Date.now() + 5_000 })).toBeNull();
    expect(await recorded.points('grpc.client.call.duration')).toMatchObject([{ count: 2 }]);
    expect(await recorded.points('grpc.client.attempt.sent_total_compressed_message_size')).toMatchObject([
      { count: 2 },
    ]);
    for (const name of names) {
      const lines = logged.filter((line) =>
        line.includes(`${name} was not recorded: Error: a mistake in a view`),
      );
      expect(lines).toHaveLength(1);
    }
  });

  test('what ends it ends all of it', async () => {
    const server = await startBackend();
    const recorded = new Recorded();
    const end = instrument({ meterProvider: recorded.meterProvider });
    const client = openEchoClient(server.address);
    await unary(client, 'hello');
    end();
    await unary(client, 'hello');
    expect(await recorded.points('grpc.client.attempt.started')).toMatchObject([{ value: 1 }]);
  });

  test('RPCs of ever new paths are one combination of labels', async () => {
    const server = await startBackend();
    const recorded = record();
    const client = openClient(server.address);
    for (let i = 0; i < 50; i++) await askPath(client, `/unknown/${i}`);
    expect(await recorded.points('grpc.client.call.duration')).toMatchObject([{ count: 50 }]);
  });
});

const CONNECTIONS = (Object.keys(METRICS) as MetricName[]).filter((name) =>
  name.startsWith('grpc.subchannel.'),
);

/** Contexts are kept until the test ends. Returns the one outside of all. */
function withContexts(): Context {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  onTestFinished(() => context.disable());
  return context.active();
}

type Note = (value: number, labels?: Attributes, context?: Context) => unknown;
const nothing: Note = () => {};

/** A MeterProvider whose counters and histograms have these functions. Nobody ever collects from it. */
function recordingMeter({ add = nothing, record = nothing }: { add?: Note; record?: Note }): MeterProvider {
  const recording = { createCounter: () => ({ add }), createHistogram: () => ({ record }) };
  return { getMeter: () => Object.assign(Object.create(createNoopMeter()), recording) };
}
