/** A policy around `EndpointSharding`, without `definePolicy`: the README's example. */
import { experimental, connectivityState as State } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { expect, test } from 'vitest';
import { EndpointSharding } from '../../src/index.js';

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
