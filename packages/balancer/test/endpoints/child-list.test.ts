/** The list of READY endpoints, which follows the changes since it was read last. */
import { connectivityState as State } from '@grpc/grpc-js';
import { SimulatedChannel, type SimulatedSubchannel } from '@petiole/test-kit/simulated-channel';
import { expect, test } from 'vitest';
import { definePolicy, type PolicyView } from '../../src/index.js';

const COUNT = 24;

let view: PolicyView<unknown, undefined, undefined> | undefined;
definePolicy({
  name: 'reads_when_asked',
  createPicker: (_, current) => {
    view = current;
    return undefined;
  },
}).register();

function open(): { subchannels: SimulatedSubchannel[]; read: () => string[] } {
  const channel = new SimulatedChannel({ reads_when_asked: {} });
  channel.update(SimulatedChannel.endpoints(COUNT));
  const read = () => (view?.ready ?? []).map(({ name }) => name);
  return { subchannels: [...channel.subchannels.values()], read };
}

test.each([1, 8, 9, 10, 16, 23])('is right after %i changes between two reads', (changes) => {
  const { subchannels, read } = open();
  const entering = subchannels.slice(0, changes);
  expect(read()).toEqual([]);
  for (const subchannel of entering.toReversed()) subchannel.become(State.READY);
  expect(read()).toEqual(entering.map(({ address }) => address));
  for (const subchannel of entering) subchannel.become(State.IDLE);
  expect(read()).toEqual([]);
});

test('is right when endpoints enter and leave between two reads', () => {
  const { subchannels, read } = open();
  for (const subchannel of subchannels.slice(0, 12)) subchannel.become(State.READY);
  read();
  for (const [i, subchannel] of subchannels.entries()) {
    if (i % 2 === 0) subchannel.become(i < 12 ? State.IDLE : State.READY);
  }
  expect(read()).toEqual(
    subchannels.filter(({ state }) => state === State.READY).map(({ address }) => address),
  );
});
