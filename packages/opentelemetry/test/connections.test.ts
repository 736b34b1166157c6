/** Metrics of connections, of RPCs that wait for one, and of picks, with real servers. */
import { createManualResolver } from '@petiole/resolver';
import { untilState } from '@petiole/test-kit/clients';
import { startBackend, startFleet, startPeer } from '@petiole/test-kit/servers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openEchoClient, unary } from './support/echo-client.js';
import { record } from './support/record.js';

const ROUND_ROBIN = { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }) };

describe('connections (A94)', () => {
  test('that two channels share count once, and end once', async () => {
    const server = await startBackend();
    const recorded = record({ channels: (target) => target.endsWith(server.address) });
    const clients = [openEchoClient(server.address), openEchoClient(server.address)];
    for (const client of clients) await unary(client, 'hello');
    const labels = { 'grpc.target': `dns:///${server.address}` };
    expect(await recorded.points('grpc.subchannel.open_connections')).toEqual([{ labels, value: 1 }]);
    expect(await recorded.points('grpc.subchannel.connection_attempts_succeeded')).toEqual([
      { labels, value: 1 },
    ]);
    server.crash();
    await expect
      .poll(() => recorded.points('grpc.subchannel.disconnections'))
      .toEqual([{ labels, value: 1 }]);
    expect(await recorded.points('grpc.subchannel.open_connections')).toEqual([{ labels, value: 0 }]);
  });

  test('of a policy with several endpoints count each', async () => {
    const fleet = await startFleet(3);
    const target = `ipv4:${fleet.map(({ address }) => address).join(',')}`;
    const recorded = record({ channels: (each) => each === target });
    const client = openEchoClient(target, ROUND_ROBIN);
    await unary(client, 'hello');
    await expect
      .poll(() => recorded.points('grpc.subchannel.open_connections'))
      .toMatchObject([{ labels: { 'grpc.target': target }, value: 3 }]);
  });
});

test('RPCs that wait for a pick are counted while they do', async () => {
  const peer = await startPeer('silent');
  const { host, port } = peer.address;
  const target = `ipv4:${host}:${port}`;
  const recorded = record({ channels: (each) => each === target });
  const client = openEchoClient(target);
  const waiting = async (): Promise<unknown> =>
    Object.fromEntries(
      (await recorded.points('petiole.client.calls_waiting')).map(({ labels, value }) => [
        labels['petiole.waiting_for'],
        value,
      ]),
    );
  const ended = [1, 2].map(() => unary(client, 'hello', { deadline: Date.now() + 10_000 }));
  await expect.poll(waiting).toEqual({ 'name resolution': 0, pick: 2 });
  client.close();
  await Promise.all(ended);
  expect(await waiting()).toEqual({ 'name resolution': 0, pick: 0 });
});

test('RPCs that wait for a stream of a full connection are counted while they do', async () => {
  const ends: (() => void)[] = [];
  const server = await startBackend({
    serverOptions: { 'grpc.max_concurrent_streams': 2 },
    unary: (call, callback) => ends.push(() => callback(null, call.request)),
  });
  const recorded = record({ channels: (target) => target.endsWith(server.address) });
  const client = openEchoClient(server.address);
  client.getChannel().getConnectivityState(true);
  await untilState({ client }, 'READY');
  const ended = Array.from({ length: 5 }, () => unary(client, 'hello'));
  const waiting = async (): Promise<number | undefined> =>
    (await recorded.points('petiole.client.calls_waiting')).find(
      ({ labels }) => labels['petiole.waiting_for'] === 'stream',
    )?.value;
  await expect.poll(waiting).toBe(3);
  await expect
    .poll(() => {
      for (const end of ends.splice(0)) end();
      return server.calls;
    })
    .toBe(5);
  for (const end of ends) end();
  await Promise.all(ended);
  expect(await waiting()).toBe(0);
});

test('picks are counted by endpoint once they are enabled', async () => {
  const fleet = await startFleet(2);
  const target = `ipv4:${fleet.map(({ address }) => address).join(',')}`;
  const recorded = record({ channels: (each) => each === target, enable: ['petiole.client.attempt.picks'] });
  const off = record({ channels: (each) => each === target });
  const client = openEchoClient(target, ROUND_ROBIN);
  client.getChannel().getConnectivityState(true);
  await expect
    .poll(async () => (await recorded.points('grpc.subchannel.open_connections'))[0]?.value)
    .toBe(2);
  for (let i = 0; i < 4; i++) await unary(client, 'hello');
  const picks = await recorded.points('petiole.client.attempt.picks');
  expect(picks.map(({ labels }) => labels['petiole.endpoint']).sort()).toEqual(
    fleet.map(({ address }) => address).sort(),
  );
  expect(picks.reduce((sum, { value }) => sum + value, 0)).toBe(4);
  expect(await off.points('petiole.client.attempt.picks')).toEqual([]);
});

test('ejections of outlier_detection are counted by method (A91)', async () => {
  const fleet = await startFleet(2);
  const bad = await startBackend({ unary: (_call, callback) => callback({ code: 14 }) });
  const target = `ipv4:${[...fleet, bad].map(({ address }) => address).join(',')}`;
  const recorded = record({ channels: (each) => each === target });
  const client = openEchoClient(target, {
    'grpc.service_config': JSON.stringify({
      loadBalancingConfig: [
        {
          outlier_detection: {
            interval: { seconds: 0, nanos: 100_000_000 },
            failure_percentage_ejection: { threshold: 50, minimum_hosts: 2, request_volume: 2 },
            child_policy: [{ round_robin: {} }],
          },
        },
      ],
    }),
  });
  await expect
    .poll(
      async () => {
        await Promise.all(Array.from({ length: 9 }, () => unary(client, 'hello')));
        return recorded.points('grpc.lb.outlier_detection.ejections_enforced');
      },
      { timeout: 10_000 },
    )
    .toMatchObject([
      {
        labels: { 'grpc.target': target, 'grpc.lb.outlier_detection.detection_method': 'failure_percentage' },
        value: 1,
      },
    ]);
});

test('locality and backend service are labels of attempts and connections, once they are asked for (A89)', async () => {
  const server = await startBackend();
  const resolver = createManualResolver({
    endpoints: [
      {
        addresses: [{ host: server.host, port: server.port }],
        attributes: { zone: 'eu-1a', backendService: 'shop' },
      },
    ],
  });
  onTestFinished(() => resolver.close());
  const channels = (target: string): boolean => target === resolver.target;
  const recorded = record({ channels, optionalLabels: ['grpc.lb.locality', 'grpc.lb.backend_service'] });
  const partly = record({ channels, optionalLabels: ['grpc.lb.locality'] });
  const plain = record({ channels });
  await unary(openEchoClient(resolver.target), 'hello');

  const target = { 'grpc.target': resolver.target };
  const locality = { 'grpc.lb.locality': 'eu-1a' };
  for (const [of, labels] of [
    [recorded, { ...target, ...locality, 'grpc.lb.backend_service': 'shop' }],
    [partly, { ...target, ...locality }],
    [plain, target],
  ] as const) {
    for (const name of [
      'grpc.subchannel.connection_attempts_succeeded',
      'grpc.subchannel.open_connections',
    ] as const)
      expect(await of.points(name)).toEqual([{ labels, value: 1 }]);
    const attempt = { ...labels, 'grpc.method': 'petiole.test.Echo/Unary', 'grpc.status': 'OK' };
    expect((await of.points('grpc.client.attempt.duration')).map((point) => point.labels)).toEqual([attempt]);
    const [call] = await of.points('grpc.client.call.duration');
    expect(Object.keys(call?.labels ?? {})).not.toContain('grpc.lb.locality');
  }
  server.crash();
  await expect
    .poll(() => recorded.points('grpc.subchannel.disconnections'))
    .toMatchObject([{ labels: locality, value: 1 }]);
  expect(await recorded.points('grpc.subchannel.open_connections')).toMatchObject([
    { labels: locality, value: 0 },
  ]);
});
