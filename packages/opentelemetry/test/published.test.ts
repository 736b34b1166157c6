/** Metrics of what policies and resolvers of Petiole publish. */
import { channel } from 'node:diagnostics_channel';
import { credentials } from '@grpc/grpc-js';
import { leastRequest, serviceConfig } from '@petiole/balancer';
import { createManualResolver } from '@petiole/resolver';
import { startFleet } from '@petiole/test-kit/servers';
import { expect, onTestFinished, test } from 'vitest';
import type { MetricName } from '../src/index.js';
import { EchoClient, openEchoClient, unary } from './support/echo-client.js';
import { record } from './support/record.js';
import type { Recorded } from './support/recorded.js';

leastRequest.register();

/** Values by one label. */
async function by(recorded: Recorded, name: MetricName, label: string): Promise<Record<string, number>> {
  return Object.fromEntries((await recorded.points(name)).map(({ labels, value }) => [labels[label], value]));
}

test('endpoints are counted by state, as they come, fail and go', async () => {
  const fleet = await startFleet(3);
  const resolver = createManualResolver({ endpoints: fleet.map(({ address }) => address) });
  onTestFinished(() => resolver.close());
  const recorded = record({ channels: (target) => target === resolver.target });
  const client = openEchoClient(resolver.target, {
    'grpc.service_config': serviceConfig({ loadBalancingConfig: [leastRequest()] }),
    'grpc.initial_reconnect_backoff_ms': 60_000,
  });
  await unary(client, 'hello');
  const states = (): Promise<Record<string, number>> =>
    by(recorded, 'petiole.lb.endpoints', 'petiole.endpoint.state');
  await expect.poll(states).toEqual({ CONNECTING: 0, READY: 3 });
  fleet[0]?.crash();
  await expect.poll(states).toEqual({ CONNECTING: 0, READY: 2, TRANSIENT_FAILURE: 1 });
  resolver.update({ endpoints: [fleet[1]?.address ?? ''] });
  await expect.poll(states).toEqual({ CONNECTING: 0, READY: 1, TRANSIENT_FAILURE: 0 });
  client.close();
  await expect.poll(states).toEqual({ CONNECTING: 0, READY: 0, TRANSIENT_FAILURE: 0 });
});

test('failures of a resolver are counted, and the age of its last good answer goes on', async () => {
  const [server] = await startFleet(1);
  const resolver = createManualResolver({ endpoints: [server?.address ?? ''] });
  onTestFinished(() => resolver.close());
  const recorded = record({ channels: (target) => target === resolver.target });
  const client = new EchoClient(resolver.target, credentials.createInsecure(), {
    'grpc.service_config': serviceConfig({ loadBalancingConfig: [leastRequest()] }),
  });
  await unary(client, 'hello');
  const age = async (): Promise<number | undefined> =>
    (await recorded.points('petiole.resolver.answer_age'))[0]?.value;
  const first = await age();
  expect(first).toBeGreaterThan(0);
  resolver.fail({ code: 14, details: 'the catalogue is away' });
  await expect
    .poll(() => recorded.points('petiole.resolver.failures'))
    .toEqual([{ labels: { 'grpc.target': resolver.target }, value: 1 }]);
  expect(await age()).toBeGreaterThan(first ?? Number.NaN);
  client.close();
  expect(await age()).toBe(0);
});

test('10,000 endpoints are counts of states, and each RPC, connection and endpoint that is gone leaves nothing', async () => {
  const recorded = record({ channels: (target) => target === 'test:many' });
  const state = channel('petiole.endpoint.state');
  const tell = (from: string, to: string): void => {
    for (let i = 0; i < 10_000; i++)
      state.publish({ target: 'test:many', endpoint: `10.0.${i >> 8}.${i & 255}:1`, from, to, reason: '' });
  };
  tell('IDLE', 'CONNECTING');
  tell('CONNECTING', 'READY');
  expect(await by(recorded, 'petiole.lb.endpoints', 'petiole.endpoint.state')).toEqual({
    CONNECTING: 0,
    READY: 10_000,
  });
  tell('READY', 'SHUTDOWN');
  expect(await by(recorded, 'petiole.lb.endpoints', 'petiole.endpoint.state')).toEqual({
    CONNECTING: 0,
    READY: 0,
  });
});

test('who listens late never counts below 0', async () => {
  const recorded = record({ channels: (target) => target === 'test:late' });
  channel('petiole.endpoint.state').publish({
    target: 'test:late',
    endpoint: 'a:1',
    from: 'READY',
    to: 'SHUTDOWN',
  });
  expect(await by(recorded, 'petiole.lb.endpoints', 'petiole.endpoint.state')).toEqual({ READY: 0 });
});

test('an endpoint of before anybody listened takes no count of another one away when it goes', async () => {
  const fleet = await startFleet(3);
  const [early = '', ...late] = fleet.map(({ address }) => address);
  const resolver = createManualResolver({ endpoints: [early] });
  onTestFinished(() => resolver.close());
  const client = openEchoClient(resolver.target, {
    'grpc.service_config': serviceConfig({ loadBalancingConfig: [leastRequest()] }),
  });
  await unary(client, 'hello');
  const recorded = record({ channels: (target) => target === resolver.target });
  const states = (): Promise<Record<string, number>> =>
    by(recorded, 'petiole.lb.endpoints', 'petiole.endpoint.state');
  resolver.update({ endpoints: [early, ...late] });
  await expect.poll(states).toEqual({ CONNECTING: 0, READY: 2 });
  resolver.update({ endpoints: late });
  const [end] = late;
  await unary(client, 'hello');
  expect(await states()).toEqual({ CONNECTING: 0, READY: 2 });
  resolver.update({ endpoints: [String(end)] });
  await expect.poll(states).toEqual({ CONNECTING: 0, READY: 1 });
});

test('an endpoint that several channels have counts for each, also with its addresses in another order or number', async () => {
  const recorded = record({ channels: (target) => target === 'test:shared' });
  const states = (): Promise<Record<string, number>> =>
    by(recorded, 'petiole.lb.endpoints', 'petiole.endpoint.state');
  const tell = (endpoint: string, from: string, to: string): void =>
    channel('petiole.endpoint.state').publish({ target: 'test:shared', endpoint, from, to });
  tell('a:1+b:1', 'CONNECTING', 'READY');
  tell('a:1+b:1', 'CONNECTING', 'READY');
  expect(await states()).toEqual({ CONNECTING: 0, READY: 2 });
  tell('b:1+a:1', 'READY', 'SHUTDOWN');
  expect(await states()).toEqual({ CONNECTING: 0, READY: 1 });
  tell('b:1+a:1+b:1', 'READY', 'SHUTDOWN');
  expect(await states()).toEqual({ CONNECTING: 0, READY: 0 });
});

test('healths are counted by what the server says', async () => {
  const recorded = record({ channels: (target) => target === 'test:health' });
  const health = channel('petiole.health.status');
  const tell = (from: string, to: string): void =>
    health.publish({ target: 'test:health', endpoint: 'a:1', from, to, reason: '' });
  tell('PENDING', 'SERVING');
  tell('PENDING', 'SERVING');
  tell('SERVING', 'NOT_SERVING');
  const healths = (): Promise<Record<string, number>> =>
    by(recorded, 'petiole.lb.endpoint_health', 'petiole.endpoint.health');
  expect(await healths()).toEqual({ SERVING: 1, NOT_SERVING: 1 });
  tell('NOT_SERVING', 'ENDED');
  expect(await healths()).toEqual({ SERVING: 1, NOT_SERVING: 0 });
});
