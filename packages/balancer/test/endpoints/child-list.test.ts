/** The list of READY endpoints, which follows the changes since it was read last. */
import { type experimental, connectivityState as State } from '@grpc/grpc-js';
import { SimulatedChannel, type SimulatedSubchannel } from '@petiole/test-kit/simulated-channel';
import { expect, test } from 'vitest';
import { definePolicy, type PolicyView } from '../../src/index.js';

type Endpoint = experimental.Endpoint;

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

test('an endpoint that the list has dropped counts no more, though it reports before it is gone', () => {
  const channel = new SimulatedChannel({ reads_when_asked: {} });
  const [a, b, c] = SimulatedChannel.endpoints(3) as [Endpoint, Endpoint, Endpoint];
  channel.update([a, b]);
  channel.all(State.READY);
  // New endpoints connect before those that leave are released.
  const { createSubchannel } = channel.helper;
  channel.helper.createSubchannel = (...request) => {
    channel.subchannel('10.0.0.0:1').become(State.IDLE);
    return createSubchannel(...request);
  };
  channel.update([b, c]);
  expect(channel.subchannel('10.0.0.0:1').state).toBe(State.IDLE);
  expect(view?.readyCount).toBe(1);
  expect(view?.ready.map(({ name }) => name)).toEqual(['10.0.0.1:1']);
});

test('places, counts and READY ones are right, whatever comes, leaves or moves in the list', () => {
  const channel = new SimulatedChannel({ reads_when_asked: {} });
  const all = SimulatedChannel.endpoints(6);
  channel.update(all);
  const placesOf = (list: string): Endpoint[] => [...list].map((index) => all[Number(index)] as Endpoint);
  const namesOf = (endpoints: readonly { readonly name: string }[] = []) => endpoints.map(({ name }) => name);
  const expectAllRight = (): void => {
    const { endpoints = [], ready, readyCount } = view ?? {};
    expect(endpoints.map(({ index }) => index)).toEqual([...endpoints.keys()]);
    expect(namesOf(ready)).toEqual(namesOf(endpoints.filter(({ state }) => state === 'READY')));
    expect(readyCount).toBe(ready?.length);
  };
  for (const list of ['012345', '01345', '012345', '12345', '543210', '2345', '0', '013425', '01']) {
    channel.update(placesOf(list));
    expect(view?.endpoints).toHaveLength(list.length);
    expectAllRight();
    // Others are connecting still.
    for (const [index, name] of namesOf(view?.endpoints).entries())
      if (index % 3 === 0) channel.subchannel(name).become(State.READY);
    expect(view?.readyCount).toBeGreaterThan(0);
    expectAllRight();
  }
});
