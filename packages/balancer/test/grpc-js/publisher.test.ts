/** The second publication after an update: one for each turn, and none after the end. */
import { connectivityState as State } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { expect, test } from 'vitest';
import { Publisher } from '../../src/grpc-js/publisher.js';
import { queuePick } from '../../src/index.js';

const PICKER = { pick: queuePick };
const turn = () => new Promise(setImmediate);

/** A publisher that has published once. */
function open() {
  const { helper, publications } = new SimulatedChannel({ round_robin: {} });
  const publisher = new Publisher(helper);
  publisher.publish(State.CONNECTING, PICKER);
  return { publisher, publications };
}

test('comes once, in the next turn, however often it is asked for in one', async () => {
  const { publisher, publications } = open();
  publisher.repeatLater();
  publisher.repeatLater();
  expect(publications).toHaveLength(1);
  await turn();
  expect(publications).toHaveLength(2);
  publisher.repeatLater();
  await turn();
  expect(publications).toHaveLength(3);
});

test('does not come once the policy is destroyed', async () => {
  const { publisher, publications } = open();
  publisher.repeatLater();
  publisher.destroy();
  await turn();
  expect(publications).toHaveLength(1);
});

test('is the only one of a state and picker that are published already', () => {
  const { publisher, publications } = open();
  expect(publisher.publish(State.CONNECTING, PICKER)).toBe(false);
  expect(publications).toHaveLength(1);
});
