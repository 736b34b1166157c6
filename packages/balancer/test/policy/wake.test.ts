/** `wake()`: a policy is asked again because something has changed that is none of its endpoints. */
import { connectivityState as State } from '@grpc/grpc-js';
import { startFleet } from '@petiole/test-kit/servers';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { definePolicy, defineWrapper, type PolicyView, queuePick } from '../../src/index.js';
import { openChannel } from '../support/fleet.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let view: PolicyView<unknown, undefined, undefined> | undefined;
let isOpen = true;
let asked = 0;

const gated = definePolicy({
  name: 'opens_from_outside',
  createPicker([first], current) {
    asked++;
    view = current;
    return first && { pick: () => (isOpen ? first.pickResult : queuePick()) };
  },
});
gated.register();

beforeEach(() => {
  isOpen = true;
  asked = 0;
});

function openReady(): SimulatedChannel {
  const channel = new SimulatedChannel({ opens_from_outside: {} });
  channel.update(SimulatedChannel.endpoints(2));
  channel.all(State.READY);
  return channel;
}

test('createPicker is called again in the next turn, and not at once, and once for many calls', async () => {
  const channel = openReady();
  await nextTurn();
  const [askedBefore, { length }] = [asked, channel.publications];
  for (let i = 0; i < 100; i++) view?.wake();
  expect(asked).toBe(askedBefore);
  await nextTurn();
  expect(asked).toBe(askedBefore + 1);
  expect(channel.publications).toHaveLength(length + 1);
});

test('RPCs that a picker has let wait are picked again', async () => {
  const [backend] = await startFleet(1);
  const channel = openChannel({ endpoints: [backend?.endpoint() ?? { addresses: [] }], policy: gated() });
  await channel.unary();
  isOpen = false;
  const waiting = channel.unary();
  await nextTurn();
  isOpen = true;
  view?.wake();
  expect(await waiting).toBe(backend?.peer);
});

test('after the end nobody is asked', async () => {
  const channel = openReady();
  view?.wake();
  channel.policy.destroy();
  view?.wake();
  const before = asked;
  await nextTurn();
  expect(asked).toBe(before);
});

test('a policy that wants it whenever it is asked is asked once a millisecond, and so is a wrapper', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let count = 0;
  definePolicy({
    name: 'never_rests',
    createPicker(_, { wake }) {
      count++;
      wake();
      return undefined;
    },
  }).register();
  defineWrapper({
    name: 'wrapper_never_rests',
    childPolicy: [{ round_robin: {} }],
    select(endpoints, { wake }) {
      count++;
      wake();
      return endpoints;
    },
  }).register();
  for (const name of ['never_rests', 'wrapper_never_rests']) {
    const channel = new SimulatedChannel({ [name]: {} });
    channel.update(SimulatedChannel.endpoints(1));
    count = 0;
    vi.advanceTimersByTime(20);
    expect(count).toBeGreaterThanOrEqual(19);
    expect(count).toBeLessThanOrEqual(21);
    channel.policy.destroy();
  }
});
