/** What is remembered of channels, so that their queues can be looked at. */
import { setImmediate } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import { Channel, credentials } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { hookGrpcJs } from '../../src/grpc-js/hooks.js';
import { watch } from '../../src/grpc-js/watchers.js';

/** After a collection of garbage. */
const references = (): number => Number(queryObjects(WeakRef, { format: 'count' }));

test('a channel that is closed and gone leaves nothing, also where nobody asks for what waits', async () => {
  hookGrpcJs();
  onTestFinished(watch({}));
  const use = (): void => {
    const channel = new Channel('ipv4:127.0.0.1:1', credentials.createInsecure(), {
      'grpc.enable_channelz': 0,
      'grpc.enable_http_proxy': 0,
    });
    channel.getConnectivityState(false);
    channel.close();
  };
  const before = references();
  for (let i = 0; i < 100; i++) use();
  expect(references() - before).toBeGreaterThanOrEqual(100);
  await setImmediate();
  await expect.poll(() => references() - before, { timeout: 10_000 }).toBeLessThan(10);
});
