/** Programs of the first edition go on, for as long as its names are kept. */
import { type experimental, connectivityState as State } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { expect, test } from 'vitest';
import * as balancer from '../../src/index.js';

test('the two registering functions register', () => {
  balancer.registerCustomRoundRobin();
  balancer.registerLeastRequest();
  const list = [{ custom_round_robin: {} }];
  expect(balancer.checkServiceConfig({ loadBalancingConfig: list })).toEqual([]);
});

test('a policy with parseConfig and update serves, and its bad config fails RPCs', () => {
  const define = balancer.definePolicy as unknown as (definition: object) => { register(): void };
  define({
    name: 'policy_of_the_first_edition',
    parseConfig({ place = 0 }: { place?: unknown }) {
      if (typeof place === 'number') return place;
      throw new TypeError(`place must be a number, got ${place}`);
    },
    update: (view: { config: number; ready(): readonly { pickResult: experimental.PickResult }[] }) => {
      const endpoint = view.ready()[view.config];
      return endpoint && { pick: () => endpoint.pickResult };
    },
  }).register();
  const channel = new SimulatedChannel({ policy_of_the_first_edition: { place: 1 } });
  channel.update(SimulatedChannel.endpoints(2));
  channel.all(State.READY);
  expect(channel.pick()).toBe('10.0.0.1:1');
  const bad = new SimulatedChannel({ policy_of_the_first_edition: { place: 'x' } });
  bad.update(SimulatedChannel.endpoints(2));
  expect(bad.pick()).toBe('place must be a number, got x');
});
