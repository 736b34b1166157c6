/** `endpoint.renew()`: a new connection beside the old one, which serves until the new one is READY. */
import { connectivityState as State } from '@grpc/grpc-js';
import { startFleet } from '@petiole/test-kit/servers';
import { rpc, SimulatedChannel, type SimulatedSubchannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { beforeAll, expect, test } from 'vitest';
import { definePolicy, type PolicyEndpoint } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';

let endpoints: readonly PolicyEndpoint[] = [];

beforeAll(() => {
  definePolicy({
    name: 'renews',
    createPicker(ready, view) {
      endpoints = view.endpoints;
      const [first] = ready;
      return first && { pick: () => first.pickResult };
    },
  }).register();
});

test('RPCs go over a new connection, however often it was asked for, and one that runs ends on the old one', async () => {
  const [backend] = await startFleet(1);
  if (backend === undefined) throw new Error('no backend');
  const log = EventLog.start();
  const channel = openChannel({ endpoints: [backend.endpoint()], policy: { renews: {} } });
  await channel.unary();
  const stream = channel.bidi();
  const echo = async (text: string): Promise<string> => {
    const answer = new Promise((resolve) => stream.once('data', resolve));
    stream.write(Buffer.from(text));
    return String(await answer);
  };
  await echo('before');
  expect(backend.callers.size).toBe(1);
  const before = log.lines(backend.peer);
  for (let i = 0; i < 20; i++) endpoints[0]?.renew();
  while (backend.callers.size < 2) await channel.unary();
  expect(backend.connections).toBe(2);
  expect(await echo('after')).toBe('after');
  expect(log.lines(backend.peer)).toEqual(before);
  stream.end();
  await new Promise((resolve) => stream.on('status', resolve).resume());
});

/** A READY endpoint, and the subchannels that renewals make beside its first one. */
function openSimulated(): { channel: SimulatedChannel; made: SimulatedSubchannel[] } {
  const channel = new SimulatedChannel({ renews: {} });
  channel.update(SimulatedChannel.endpoints(1));
  channel.all(State.READY);
  return { channel, made: channel.further };
}

test('the old connection serves until the new one is READY, also where that fails at first, and is then released', async () => {
  const { channel, made } = openSimulated();
  endpoints[0]?.renew();
  expect(made).toHaveLength(0);
  await told();
  endpoints[0]?.renew();
  await told();
  expect(made).toHaveLength(1);
  expect(channel.pick()).toBe('10.0.0.0:1');
  made[0]?.become(State.TRANSIENT_FAILURE, 'refused');
  expect([channel.state, channel.pick()]).toEqual(['READY', '10.0.0.0:1']);
  made[0]?.become(State.IDLE);
  made[0]?.become(State.READY);
  expect(channel.latest.picker.pick(rpc()).subchannel).toBe(made[0]);
  expect(channel.subchannel('10.0.0.0:1').refs).toBe(0);
  endpoints[0]?.renew();
  await told();
  expect(made).toHaveLength(2);
});

test('a new connection is not to an address that the endpoint has lost in the meantime', async () => {
  const [A, B] = ['10.0.0.1:1', '10.0.0.2:1'];
  const channel = new SimulatedChannel({ renews: {} });
  channel.update([SimulatedChannel.endpoint(A, B)]);
  channel.subchannel(A).become(State.READY);
  endpoints[0]?.renew();
  await told();
  channel.update([SimulatedChannel.endpoint(A)]);
  expect(channel.further.map(({ address, refs }) => [address, refs])).toEqual([
    [A, 0],
    [B, 0],
    [A, 1],
  ]);
  channel.further[1]?.become(State.READY);
  expect(channel.subchannel(A).refs).toBe(1);
  channel.further[2]?.become(State.READY);
  expect(channel.latest.picker.pick(rpc()).subchannel).toBe(channel.further[2]);
});

test('an endpoint that is not READY is left alone', async () => {
  const { channel, made } = openSimulated();
  channel.subchannel('10.0.0.0:1').become(State.IDLE);
  await told();
  endpoints[0]?.renew();
  await told();
  expect(made).toHaveLength(0);
});
