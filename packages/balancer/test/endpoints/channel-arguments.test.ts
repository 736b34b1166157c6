/** Which changes of the channel options replace the subchannels, a removed option among them; and what is said of bad ones. */
import { experimental, connectivityState as State, setLogger } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
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

test.each(['grpc.max_connections_per_subchannel_cap', 'petiole.max_concurrent_streams'])(
  'a bad %s is ignored, and logged once for each value with what is allowed',
  async (option) => {
    const error = vi.fn();
    setLogger({ ...console, error });
    onTestFinished(() => setLogger(console));
    const { channel } = open({ [option]: 0 });
    const change = (value: unknown): boolean =>
      channel.update(ENDPOINTS, { options: { [option]: value } as object });
    for (const value of [0, '5', 2 ** 32 - 1, 1, undefined, '5', 1.5, 2 ** 32, 2 ** 32]) change(value);
    await told();
    const lines = error.mock.calls.map(([line]) => String(line)).filter((line) => line.includes(option));
    const complaint = (value: string): string =>
      `The channel option ${option} must be an integer from 1 to 4294967295, got ${value}: ignored.`;
    expect(lines.map((line) => line.slice(line.indexOf('The')))).toEqual(
      ['0', '"5"', '"5"', '1.5', '4294967296'].map(complaint),
    );
  },
);
