/** A policy around `EndpointSharding`, without `definePolicy`: the README's example. */
import { experimental, connectivityState as State } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { expect, test } from 'vitest';
import { EndpointSharding, type PolicyPicker, queuePick } from '../../src/index.js';

test('a policy of its own around the endpoints publishes a picker that is nothing but a pick()', () => {
  const channel = new SimulatedChannel({ round_robin: {} });
  const sharding: EndpointSharding = new EndpointSharding({
    name: 'first_ready',
    helper: channel.helper,
    onChange() {
      const [first] = sharding.ready;
      sharding.publish(first && { pick: () => first.pickResult });
    },
  });
  sharding.update(experimental.statusOrFromValue(SimulatedChannel.endpoints(2)), {}, '');
  expect(channel.pick()).toBe('QUEUE');
  channel.subchannel('10.0.0.1:1').become(State.READY);
  expect(channel.pick()).toBe('10.0.0.1:1');
  sharding.destroy();
});

test('the same picker is published once more only if it has let an RPC wait, whatever it holds', () => {
  const channel = new SimulatedChannel({ round_robin: {} });
  // A field of that name is the policy's own affair.
  const picker: PolicyPicker & { isFull: boolean; chooser: object } = {
    isFull: false,
    chooser: {},
    pick() {
      return this.isFull ? queuePick() : (sharding.ready[0]?.pickResult ?? queuePick());
    },
  };
  const sharding: EndpointSharding = new EndpointSharding({
    name: 'first_ready',
    helper: channel.helper,
    onChange: () => sharding.publish(sharding.readyCount > 0 ? picker : undefined),
  });
  sharding.update(experimental.statusOrFromValue(SimulatedChannel.endpoints(1)), {}, '');
  channel.subchannel('10.0.0.0:1').become(State.READY);
  expect(channel.pick()).toBe('10.0.0.0:1');
  const { length } = channel.publications;
  sharding.publish(picker);
  expect(channel.publications).toHaveLength(length);
  picker.isFull = true;
  expect(channel.pick()).toBe('QUEUE');
  picker.isFull = false;
  sharding.publish(picker);
  expect(channel.publications).toHaveLength(length + 1);
  expect(channel.pick()).toBe('10.0.0.0:1');
  sharding.destroy();
});
