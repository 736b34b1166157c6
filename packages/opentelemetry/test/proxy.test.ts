/** Metrics behind an http_proxy of the environment. */
import { leastRequest, serviceConfig } from '@petiole/balancer';
import { registerRefreshingDnsResolver } from '@petiole/resolver';
import { startFleet } from '@petiole/test-kit/servers';
import { expect, test } from 'vitest';
import type { MetricName } from '../src/index.js';
import { openEchoClient, unary } from './support/echo-client.js';
import { startHttpProxy } from './support/http-proxy.js';
import { record } from './support/record.js';

const METRICS: readonly MetricName[] = [
  'grpc.client.call.duration',
  'grpc.client.attempt.duration',
  'grpc.subchannel.open_connections',
  'petiole.client.attempt.picks',
  'petiole.client.calls_waiting',
];

test('behind an http_proxy metrics have the target of the channel, and not the proxy, and are chosen by it (A66)', async () => {
  await startHttpProxy();
  const [one, other] = (await startFleet(2)).map(({ address }) => address);
  const all = record({ enable: ['petiole.client.attempt.picks'] });
  const chosen = record({
    channels: (target) => target === `dns:///${one}`,
    enable: ['petiole.client.attempt.picks'],
  });
  for (const address of [one, other])
    expect(await unary(openEchoClient(String(address), { 'grpc.enable_http_proxy': 1 }), 'hello')).toBeNull();
  for (const name of METRICS) {
    const targetsOf = async (recorded: typeof all): Promise<unknown> =>
      new Set((await recorded.points(name)).map(({ labels }) => labels['grpc.target']));
    expect([name, await targetsOf(all)]).toEqual([name, new Set([`dns:///${one}`, `dns:///${other}`])]);
    expect([name, await targetsOf(chosen)]).toEqual([name, new Set([`dns:///${one}`])]);
  }
});

test('behind an http_proxy what policies and resolvers publish has the target of the channel, too', async () => {
  await startHttpProxy();
  leastRequest.register();
  registerRefreshingDnsResolver({ scheme: 'dns' });
  const [server] = await startFleet(1);
  const target = `dns:///127.0.0.1:${server?.port}`;
  const recorded = record({ channels: (each) => each === target });
  const client = openEchoClient(target, {
    'grpc.enable_http_proxy': 1,
    'grpc.service_config': serviceConfig({ loadBalancingConfig: [leastRequest()] }),
  });
  expect(await unary(client, 'hello')).toBeNull();
  expect(await recorded.points('petiole.lb.endpoints')).toContainEqual({
    labels: { 'grpc.target': target, 'petiole.endpoint.state': 'READY' },
    value: 1,
  });
  const [age] = await recorded.points('petiole.resolver.answer_age');
  expect(age?.labels).toEqual({ 'grpc.target': target });
  expect(age?.value).toBeGreaterThan(0);
});
