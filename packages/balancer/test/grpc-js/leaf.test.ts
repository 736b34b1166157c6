/** What a leaf may be told, and what it says: facts about grpc-js's `pick_first` by their numbers in docs/grpc-js-facts.md. */
import { type ChannelOptions, experimental, connectivityState as State } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { expect, test } from 'vitest';
import { Leaf, type LeafReport } from '../../src/grpc-js/leaf.js';

const [A, B, C] = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1'] as const;
const { endpoint } = SimulatedChannel;

/** pick_first itself, with what it says to its channel. */
function bareLeaf(addresses: readonly string[], note = '') {
  const channel = new SimulatedChannel({ pick_first: {} });
  const told: { state: State; picker: experimental.Picker; error: string | null }[] = [];
  const helper: experimental.ChannelControlHelper = {
    ...channel.helper,
    updateState: (state, picker, error) => void told.push({ state, picker, error }),
  };
  const leaf = new experimental.LeafLoadBalancer(endpoint(...addresses), helper, {}, note);
  return { channel, told, leaf };
}

/** Ours, with what it reports. */
function open(addresses: readonly string[]) {
  const channel = new SimulatedChannel({ pick_first: {} });
  const reports: string[] = [];
  const made: ChannelOptions[] = [];
  const owner = {
    helper: channel.helper,
    createSubchannel(address: experimental.SubchannelAddress, options: ChannelOptions) {
      made.push(options);
      return channel.helper.createSubchannel(address, options);
    },
    requestReresolution: () => {},
    leafReported: (report: LeafReport) =>
      void reports.push(report.is === 'TRANSIENT_FAILURE' ? report.error : report.is),
  };
  const leaf = new Leaf(owner, endpoint(...addresses), {});
  return { channel, leaf, reports, made, owner };
}

test('B1: the picker of pick_first has one subchannel and looks at no argument', () => {
  const { channel, told, leaf } = bareLeaf([A]);
  leaf.startConnecting();
  channel.subchannel(A).become(State.READY);
  const pick = (args: unknown) => told.at(-1)?.picker.pick(args as never).subchannel;
  expect(pick(undefined)).toBe(channel.subchannel(A));
});

test('B2: a leaf keeps the resolution note that it was made with', () => {
  const { channel, told, leaf } = bareLeaf([A], 'of the first answer');
  leaf.startConnecting();
  leaf.updateEndpoint(endpoint(A), {});
  channel.subchannel(A).become(State.TRANSIENT_FAILURE, 'Error: refused');
  expect(told.at(-1)?.error).toBe(
    'No connection established. Last error: Error: refused. Resolution note: of the first answer',
  );
});

test('B3: an IDLE leaf that is told of other addresses connects to the old ones; ours to the new ones', async () => {
  const bare = bareLeaf([A]);
  bare.leaf.startConnecting();
  bare.channel.subchannel(A).become(State.READY);
  bare.channel.subchannel(A).become(State.IDLE);
  bare.leaf.updateEndpoint(endpoint(B), {});
  bare.leaf.exitIdle();
  expect([...bare.channel.subchannels.keys()]).toEqual([A]);

  const { channel, leaf } = open([A]);
  leaf.connect();
  channel.subchannel(A).become(State.READY);
  channel.subchannel(A).become(State.IDLE);
  expect(leaf.isIdle).toBe(true);
  leaf.outdate();
  leaf.reconnect(endpoint(B), {});
  expect([...channel.subchannels.keys()]).toEqual([A, B]);
});

test('new arguments make new subchannels at once, or with the next attempt of an IDLE leaf', () => {
  const { channel, leaf, made } = open([A]);
  leaf.connect();
  channel.subchannel(A).become(State.READY);
  leaf.renew(endpoint(A), { 'grpc.keepalive_time_ms': 1 });
  channel.subchannel(A).become(State.IDLE);
  leaf.renew(endpoint(A), { 'grpc.keepalive_time_ms': 2 });
  leaf.reconnect(endpoint(A), { 'grpc.keepalive_time_ms': 2 });
  expect(made.map((options) => options['grpc.keepalive_time_ms'])).toEqual([undefined, 1, 2]);
});

test('B4: destroyed in the middle of a report, it releases its subchannel when pick_first is done with it', async () => {
  const { channel, leaf, reports, owner } = open([A]);
  owner.leafReported = (report) => {
    reports.push(report.is);
    if (report.is === 'READY') leaf.destroy();
  };
  leaf.connect();
  channel.subchannel(A).become(State.READY);
  expect(channel.refs).toBeGreaterThan(0);
  await new Promise((resolve) => process.nextTick(resolve));
  expect(channel.refs).toBe(0);
  channel.subchannel(A).become(State.IDLE);
  expect(reports.at(-1)).toBe('READY');
});

test('B5: pick_first never fails an endpoint that has an address twice; ours fails with it', () => {
  const bare = bareLeaf([A, A]);
  bare.leaf.startConnecting();
  bare.channel.subchannel(A).become(State.TRANSIENT_FAILURE, 'Error: refused');
  expect(bare.told.at(-1)?.state).not.toBe(State.TRANSIENT_FAILURE);

  const { channel, leaf, reports } = open([A, A]);
  leaf.connect();
  channel.subchannel(A).become(State.TRANSIENT_FAILURE, 'Error: refused');
  expect(reports.at(-1)).toBe('refused');
});

test('B6: its texts give the cause of a failure', () => {
  const { channel, leaf, reports } = open([A]);
  leaf.connect();
  channel.subchannel(A).become(State.TRANSIENT_FAILURE, 'Error: connect ECONNREFUSED');
  expect(reports.at(-1)).toBe('connect ECONNREFUSED');
});

test('B6: it has no cause for a connection that had failed before it came', () => {
  const { channel, leaf, reports } = open([C]);
  channel.helper.createSubchannel({ host: '10.0.0.2', port: 1 }, {});
  channel.subchannel(C).become(State.TRANSIENT_FAILURE, 'Error: refused');
  leaf.connect();
  expect(reports.at(-1)).toBe('an earlier connection attempt failed, the next one waits');
});
