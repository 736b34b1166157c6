/** The channel of one subchannel, which health checking has RPCs of its own on. */
import type { experimental } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { definePolicy } from '../src/index.js';
import { channelOf } from '../src/subchannel-channel.js';
import { openChannel, startFleet } from './fleet.js';

it('is its own for each caller, also after somebody has asked the subchannel for its one', async () => {
  let picked: experimental.SubchannelInterface | null | undefined;
  const policy = definePolicy({
    name: 'shows_its_subchannel',
    parseConfig: () => ({}),
    update: ({ ready }) => {
      const [first] = ready();
      picked = first?.pickResult.subchannel;
      return first && { pick: () => first.pickResult };
    },
  });
  policy.register();
  const [backend] = await startFleet(1);
  const channel = openChannel({ endpoints: backend ? [backend.endpoint()] : [], policy: policy.config() });
  await channel.unary();
  const subchannel = picked as experimental.SubchannelInterface;
  const shared = subchannel.getRealSubchannel().getChannel();
  const channels = [shared, channelOf(subchannel, () => {}), channelOf(subchannel, () => {})];
  expect(new Set(channels).size).toBe(3);
  expect(subchannel.getRealSubchannel().getChannel()).toBe(shared);
});
