/**
 * The policies as children of grpc-js's outlier_detection (gRFC A50): a server
 * that answers, but with errors, is taken out and let back in.
 */

import { type LoadBalancingConfig, status } from '@grpc/grpc-js';
import { Backend } from '@petiole/test-kit/backend';
import { startFleet } from '@petiole/test-kit/servers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { customRoundRobin, leastRequest, serviceConfig } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';
import type { TestChannel } from '../support/test-channel.js';

customRoundRobin.register();
leastRequest.register();

const EJECTED = 'marked unhealthy by the policy above (outlier_detection)';

/** A backend that fails every RPC for as long as `broken` is true. */
async function startBreakable(): Promise<{ backend: Backend; broken: boolean }> {
  const server: { backend?: Backend; broken: boolean } = { broken: true };
  server.backend = await Backend.start({
    unary: (call, callback) =>
      server.broken ? callback({ code: status.INTERNAL, details: 'broken' }) : callback(null, call.request),
  });
  onTestFinished(() => server.backend?.kill());
  return server as { backend: Backend; broken: boolean };
}

function detection(
  child: LoadBalancingConfig,
  interval: string,
  maxEjectionPercent = 50,
): LoadBalancingConfig {
  const text = serviceConfig({
    loadBalancingConfig: [
      {
        outlier_detection: {
          interval,
          baseEjectionTime: interval,
          maxEjectionPercent,
          failurePercentageEjection: { threshold: 50, minimumHosts: 2, requestVolume: 3 },
          childPolicy: [child],
        },
      },
    ],
  });
  return JSON.parse(text).loadBalancingConfig[0];
}

/** The peers of so many RPCs, one after the other; `failed` for one that failed. */
async function peers(channel: TestChannel, count: number): Promise<string[]> {
  const results: string[] = [];
  for (let i = 0; i < count; i++) results.push(await channel.unary().catch(() => 'failed'));
  return results;
}

const POLICIES: [string, LoadBalancingConfig][] = [
  ['custom_round_robin', customRoundRobin({ repeatCount: 1 })],
  ['least_request', leastRequest()],
];

// Both policies at once: the interval is a real one.
test('below outlier_detection a failing endpoint is ejected by the first check: the RPCs of the first interval count', async () => {
  const ejects = async (policy: LoadBalancingConfig): Promise<void> => {
    const [healthy] = await startFleet(1);
    const failing = await startBreakable();
    const log = EventLog.start();
    const options = {
      target: `ipv4:${healthy?.peer},${failing.backend.peer}`,
      endpoints: [],
      // So long an interval that the second check is out of question.
      policy: detection(policy, '4s'),
      channelOptions: { 'grpc.use_local_subchannel_pool': 0 },
    };
    // Connections that exist already make the policy READY within its first update, before outlier_detection
    // has stored its own config: the first picker then does not count.
    openChannel(options).client.getChannel().getConnectivityState(true);
    await log.untilEntered([healthy?.peer ?? '', failing.backend.peer], 'READY');
    const channel = openChannel(options);
    const start = performance.now();
    await peers(channel, 40);
    expect(performance.now() - start).toBeLessThan(3900);
    await log.untilEntered([failing.backend.peer], 'TRANSIENT_FAILURE');
    expect(performance.now() - start).toBeLessThan(7900);
    const last = log.events.findLast(({ endpoint }) => endpoint === failing.backend.peer);
    expect(last).toMatchObject({
      from: 'READY',
      to: 'TRANSIENT_FAILURE',
      reason: EJECTED,
    });
    const before = failing.backend.calls;
    expect(new Set(await peers(channel, 10))).toEqual(new Set([healthy?.peer]));
    expect(failing.backend.calls).toBe(before);
  };
  await Promise.all(POLICIES.map(([, policy]) => ejects(policy)));
});

describe.each(POLICIES)('%s below outlier_detection', (_, policy) => {
  test('has the endpoint back in the rotation when its ejection ends, without a new connection', async () => {
    const [healthy] = await startFleet(1);
    const failing = await startBreakable();
    const log = EventLog.start();
    const channel = openChannel({
      endpoints: [healthy?.endpoint() ?? [], failing.backend.endpoint()].flat(),
      policy: detection(policy, '0.2s'),
    });
    await peers(channel, 40);
    await log.untilEntered([failing.backend.peer], 'TRANSIENT_FAILURE');
    failing.broken = false;
    await log.untilEntered([failing.backend.peer], 'READY', 2);
    await channel.untilServedBy([healthy?.peer ?? '', failing.backend.peer]);
    expect(log.count(failing.backend.peer, 'CONNECTING')).toBe(1);
  });

  test('fails RPCs with the reason when every endpoint is ejected', async () => {
    const failing = [await startBreakable(), await startBreakable()];
    const log = EventLog.start();
    const channel = openChannel({
      endpoints: failing.map(({ backend }) => backend.endpoint()),
      policy: detection(policy, '0.5s', 100),
    });
    await peers(channel, 40);
    await log.untilEntered(
      failing.map(({ backend }) => backend.peer),
      'TRANSIENT_FAILURE',
    );
    const error = await channel.unary().catch((e) => e);
    expect(error.code).toBe(status.UNAVAILABLE);
    for (const { backend } of failing) expect(error.details).toContain(`${backend.peer}: ${EJECTED}`);
  });
});

test('custom_round_robin keeps its exact ratio over the endpoints that are left', async () => {
  const [a, b] = await startFleet(2);
  const failing = await startBreakable();
  const log = EventLog.start();
  const channel = openChannel({
    endpoints: [a, failing.backend, b].map((backend) => backend?.endpoint() ?? { addresses: [] }),
    policy: detection(customRoundRobin(), '1s'),
  });
  await peers(channel, 45);
  await log.untilEntered([failing.backend.peer], 'TRANSIENT_FAILURE');
  const served = await peers(channel, 12);
  // Wherever the rotation stood, any 6 RPCs in a row are 3 and 3, and equal ones stand together.
  for (const peer of [a?.peer, b?.peer]) expect(served.filter((one) => one === peer)).toHaveLength(6);
  const changes = served.filter((peer, i) => i > 0 && peer !== served[i - 1]);
  expect(changes.length).toBeLessThanOrEqual(4);
});
