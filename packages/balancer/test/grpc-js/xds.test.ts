/**
 * The policies as custom policies under grpc-js-xds (gRFC A52), behind a real
 * control plane on the loopback. Bootstrap is read once in a process, so all
 * tests of the file share one.
 */

import { Metadata, status } from '@grpc/grpc-js';
import { register } from '@grpc/grpc-js-xds';
import type { Backend } from '@petiole/test-kit/backend';
import { startFleet } from '@petiole/test-kit/servers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { customRoundRobin, leastRequest } from '../../src/index.js';
import { AdsServer, type Packed, typedStruct } from '../support/ads-server.js';
import { EventLog } from '../support/event-log.js';
import { type HealthyBackend, openChannel, startHealthyFleet } from '../support/fleet.js';
import type { TestChannel, TestChannelOptions } from '../support/test-channel.js';

customRoundRobin.register();
leastRequest.register();
register();

let ads: AdsServer;

beforeAll(async () => {
  ads = await AdsServer.start();
  process.env.GRPC_XDS_BOOTSTRAP_CONFIG = ads.bootstrap;
});

afterAll(() => ads.stop());

let names = 0;

/** A channel to a cluster of its own, and a way to change that. */
function open(
  backends: readonly Backend[],
  policies: readonly Packed[],
  options: Partial<TestChannelOptions> = {},
) {
  const name = `cluster-${names++}`;
  ads.set(name, { backends, policies });
  const channel = openChannel({
    target: `xds:///${name}`,
    endpoints: [],
    policy: { pick_first: {} }, // that of the control plane counts
    ...options,
  });
  const update = async (...changed: Packed[]) => {
    ads.set(name, { backends, policies: changed });
    await ads.untilAnswered();
  };
  return { channel, update };
}

/** Right below the cluster, or in each locality: Envoy's WrrLocality, and the same as a custom policy. */
const PLACES: [string, (policy: string, config: Record<string, unknown>) => Packed][] = [
  ['top level', typedStruct],
  [
    'below wrr_locality',
    (policy, config) => ({
      '@type': 'type.googleapis.com/envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality',
      endpoint_picking_policy: {
        policies: [{ typed_extension_config: { name: policy, typed_config: typedStruct(policy, config) } }],
      },
    }),
  ],
  [
    'below wrr_locality as a TypedStruct',
    (policy, config) => typedStruct('xds_wrr_locality', { child_policy: [{ [policy]: config }] }),
  ],
];

const rotation = (backends: readonly Backend[], repeat: number) =>
  backends.flatMap((backend) => Array<string>(repeat).fill(backend.peer));

async function failure(channel: TestChannel): Promise<{ code: number; details: string }> {
  return channel.unary().then(
    (peer) => {
      throw new Error(`served by ${peer}`);
    },
    (error) => error,
  );
}

describe.each(PLACES)('%s', (_, place) => {
  test('custom_round_robin serves each endpoint 3 times in turn, in the order of the assignment', async () => {
    const backends = await startFleet(3);
    const refused = ads.refusals.length;
    const { channel } = open(backends, [place('custom_round_robin', {})]);
    expect(await channel.peers(18)).toEqual([...rotation(backends, 3), ...rotation(backends, 3)]);
    expect(ads.refusals.slice(refused)).toEqual([]);
  });

  test('the config of the control plane counts', async () => {
    const backends = await startFleet(3);
    const { channel } = open(backends, [place('custom_round_robin', { repeatCount: 2 })]);
    expect(await channel.peers(6)).toEqual(rotation(backends, 2));
  });

  test('least_request reaches every endpoint', async () => {
    const backends = await startFleet(3);
    const { channel } = open(backends, [place('least_request', { choiceCount: 3 })]);
    await channel.untilServedBy(backends.map(({ peer }) => peer));
  });

  test('an endpoint that dies leaves the rotation, and comes back', async () => {
    const backends = await startFleet(3);
    const [a, b, c] = backends as [Backend, Backend, Backend];
    const log = EventLog.start();
    const { channel } = open(backends, [place('custom_round_robin', { repeatCount: 1 })]);
    await channel.untilServedBy(backends.map(({ peer }) => peer));
    b.kill();
    await log.until(
      () => log.events.some(({ endpoint, from }) => endpoint === b.peer && from === 'READY'),
      'b leaves',
    );
    expect(new Set(await channel.peers(4))).toEqual(new Set([a.peer, c.peer]));
    await b.restart();
    await channel.untilServedBy([b.peer]);
  });

  test('a server that does not say SERVING gets no RPCs: health checking by the service config of the channel', async () => {
    const servers = await startHealthyFleet(2);
    const [well, ill] = servers as [HealthyBackend, HealthyBackend];
    const backends = servers.map(({ backend }) => backend);
    const log = EventLog.start();
    const { channel } = open(backends, [place('custom_round_robin', { repeatCount: 1 })], {
      serviceConfig: { healthCheckConfig: { serviceName: 'echo' } },
    });
    await channel.untilServedBy([well.backend.peer, ill.backend.peer]);
    ill.health.setStatus('echo', 'NOT_SERVING');
    const out = await log.event(ill.backend.peer, 'TRANSIENT_FAILURE');
    expect(out.reason).toBe('health check: NOT_SERVING');
    expect(new Set(await channel.peers(4))).toEqual(new Set([well.backend.peer]));
    ill.health.setStatus('echo', 'SERVING');
    await channel.untilServedBy([ill.backend.peer]);
  });

  test('a bad config fails RPCs with the field, the value and what is allowed', async () => {
    const backends = await startFleet(1);
    const refused = ads.refusals.length;
    const { channel } = open(backends, [place('custom_round_robin', { repeatCount: 0 })]);
    const { code, details } = await failure(channel);
    expect(code).toBe(status.UNAVAILABLE);
    expect(details).toContain(
      'custom_round_robin: repeatCount must be an integer from 1 to 4294967295, got 0',
    );
    expect(ads.refusals.slice(refused)).toEqual([]);
  });

  test('a config that is mended is served by, and one that goes bad changes nothing', async () => {
    const backends = await startFleet(2);
    const { channel, update } = open(backends, [place('least_request', { choiceCount: 1 })]);
    expect((await failure(channel)).details).toContain('least_request: choiceCount must be');
    await update(place('least_request', { choiceCount: 2 }));
    // RPCs fail until the endpoints are connected.
    await channel.unary({ metadata: new Metadata({ waitForReady: true }) });
    await channel.untilServedBy(backends.map(({ peer }) => peer));
    await update(place('least_request', { choiceCount: 1 }));
    await channel.peers(20);
  });
});

test('a policy that is not registered is passed over for the next of the list, or refused if there is none', async () => {
  const backends = await startFleet(2);
  const custom = typedStruct('custom_round_robin', { repeatCount: 1 });
  const { channel } = open(backends, [typedStruct('not_registered', {}), custom]);
  expect(await channel.peers(2)).toEqual(rotation(backends, 1));
  const { channel: refused } = open(backends, [typedStruct('not_registered', {})]);
  const { code, details } = await failure(refused);
  expect(code).toBe(status.UNAVAILABLE);
  expect(details).toContain('No registered LB policy found in list');
});
