/** Which changes of the channel options replace the subchannels: a removed option is a change, too. */
import { experimental, connectivityState as State } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { beforeEach, expect, test } from 'vitest';
import { customRoundRobin } from '../../src/index.js';

const ENDPOINTS = SimulatedChannel.endpoints(3);
const AGENT = 'grpc.primary_user_agent';

beforeEach(() => customRoundRobin.register());

/** With three READY endpoints; `agents` are the user agents that their subchannels are made with. */
function open(options: Record<string, unknown>): { channel: SimulatedChannel; agents: unknown[] } {
  const channel = new SimulatedChannel({ custom_round_robin: {} });
  const agents: unknown[] = [];
  const { createSubchannel } = channel.helper;
  channel.helper.createSubchannel = (address, args) => {
    agents.push(args[AGENT]);
    return createSubchannel(address, args);
  };
  channel.update(ENDPOINTS, { options });
  channel.all(State.READY);
  return { channel, agents };
}

test('an option that an update removes is no longer in the subchannels of any endpoint', () => {
  const { channel, agents } = open({ [AGENT]: 'mine', 'grpc.keepalive_time_ms': 1000 });
  channel.update(ENDPOINTS, { options: { 'grpc.keepalive_time_ms': 1000 } });
  expect(agents).toEqual(['mine', 'mine', 'mine', undefined, undefined, undefined]);
});

test('one that never reaches a subchannel may go without any effect', () => {
  const { channel, agents } = open({
    [AGENT]: 'mine',
    [`${experimental.SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX}.x`]: 1,
  });
  channel.update(ENDPOINTS, { options: { [AGENT]: 'mine' } });
  expect(agents).toEqual(['mine', 'mine', 'mine']);
});
