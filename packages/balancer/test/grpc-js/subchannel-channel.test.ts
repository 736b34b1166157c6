/** The channel of one subchannel, which health checking has RPCs of its own on. */

import { credentials, type experimental, Metadata, status as Status, setLogger } from '@grpc/grpc-js';
import { Condition } from '@petiole/test-kit/condition';
import { startFleet } from '@petiole/test-kit/servers';
import { told } from '@petiole/test-kit/told';
import { expect, onTestFinished, test } from 'vitest';
import { channelOf } from '../../src/grpc-js/subchannel-channel.js';
import { definePolicy } from '../../src/index.js';
import { openChannel } from '../support/fleet.js';

type SubchannelInterface = experimental.SubchannelInterface;
type Subchannel = ReturnType<SubchannelInterface['getRealSubchannel']>;

let picked: SubchannelInterface | null | undefined;
const policy = definePolicy({
  name: 'shows_its_subchannel',
  createPicker: (ready) => {
    const [first] = ready;
    picked = first?.pickResult.subchannel;
    return first && { pick: () => first.pickResult };
  },
});
policy.register();

/** One that is connected. */
async function connected(): Promise<Subchannel> {
  const [backend] = await startFleet(1);
  const channel = openChannel({ endpoints: backend ? [backend.endpoint()] : [], policy: policy() });
  await channel.unary();
  return (picked as SubchannelInterface).getRealSubchannel();
}

test('is its own for each caller, also after somebody has asked the subchannel for its one', async () => {
  const subchannel = await connected();
  const shared = subchannel.getChannel();
  const channels = [shared, channelOf(subchannel, () => {}), channelOf(subchannel, () => {})];
  expect(new Set(channels).size).toBe(3);
  expect(subchannel.getChannel()).toBe(shared);
});

test('says once, at ERROR, that grpc-js keeps the channel elsewhere, and makes a channel all the same', async () => {
  const subchannel = await connected();
  const lines: string[] = [];
  setLogger({ error: (line: string) => lines.push(line) });
  onTestFinished(() => setLogger(console));
  channelOf(subchannel, () => {}).close();
  await told();
  expect(lines).toEqual([]);
  const channel = {} as ReturnType<Subchannel['getChannel']>;
  const renamed = { getRealSubchannel: () => renamed, getChannel: () => channel } as unknown as Subchannel;
  expect(channelOf(renamed, () => {})).toBe(channel);
  expect(channelOf(renamed, () => {})).toBe(channel);
  await told();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('there is no subchannelChannel');
});

test('refuses a long message before it is decompressed, also where grpc-js has no decoder that could', async () => {
  const observed = new Condition();
  const fromCredentials = new Metadata();
  let sent: Metadata | undefined;
  let receive: ((message: Buffer) => void) | undefined;
  const createCall: Subchannel['createCall'] = (metadata, _host, _method, listener) => {
    sent = metadata;
    receive = (message) => listener.onReceiveMessage(message);
    observed.changed();
    return { startRead: () => {} } as unknown as ReturnType<Subchannel['createCall']>;
  };
  const subchannel: Subchannel = Object.create(await connected(), {
    createCall: { value: createCall },
    getCallCredentials: {
      value: () => credentials.createFromMetadataGenerator((_, callback) => callback(null, fromCredentials)),
    },
  });
  const refused: unknown[] = [];
  const channel = channelOf(subchannel, (error) => refused.push(error));
  const call = channel.createCall('/a.B/C', Number.POSITIVE_INFINITY, null, null, null);
  const received: Buffer[] = [];
  call.start(new Metadata(), {
    onReceiveMetadata: () => {},
    onReceiveMessage: (message: Buffer) => {
      received.push(message);
      observed.changed();
    },
    onReceiveStatus: () => {},
  });
  await observed.until(
    () => receive !== undefined,
    10_000,
    () => 'no call was created',
  );
  const frame = (length: number) => Buffer.concat([Buffer.from([0, 0, 0, 0, 0]), Buffer.alloc(length)]);
  receive?.(frame(1025));
  receive?.(frame(1024));
  await observed.until(
    () => received.length > 0,
    10_000,
    () => 'no message was received',
  );
  expect(received.map(({ length }) => length)).toEqual([1024]);
  expect(refused).toEqual([
    { code: Status.RESOURCE_EXHAUSTED, details: 'Received message larger than 1024 bytes' },
  ]);
  // Credentials may hand out the same object for each RPC: it must not say of the application's that no compression is wanted.
  expect(sent?.get('grpc-accept-encoding')).toEqual(['identity']);
  expect(fromCredentials.get('grpc-accept-encoding')).not.toEqual(['identity']);
});
