/** `least_request` (gRFC A48): sampling and config over simulated subchannels, counting over real RPCs. */

import {
  type CallOptions,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
  connectivityState as State,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { startBackend } from '@petiole/test-kit/servers';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { beforeAll, describe, expect, test } from 'vitest';
import { leastRequest } from '../../src/index.js';
import { openChannel } from '../support/fleet.js';
import type { TestChannel } from '../support/test-channel.js';

const { CONNECTING, IDLE, READY } = State;

beforeAll(() => leastRequest.register());

/** Picks and starts one RPC as grpc-js does; answers with its address and with how to end it. */
function startCall(channel: SimulatedChannel): { address: string; end: () => void } {
  const result = channel.latest.picker.pick(rpc());
  result.onCallStarted?.();
  return {
    address: result.subchannel?.getAddress() ?? 'nothing',
    end: () => result.onCallEnded?.(0, '', new Metadata()),
  };
}

function openReady(count: number, config = {}): SimulatedChannel {
  const channel = new SimulatedChannel({ least_request: config });
  channel.update(SimulatedChannel.endpoints(count));
  channel.all(READY);
  return channel;
}

describe('publications', () => {
  test('only what changes the READY endpoints or the config is published', () => {
    const channel = openReady(3);
    const { length } = channel.publications;
    channel.update(SimulatedChannel.endpoints(3));
    expect(channel.publications).toHaveLength(length);
    channel.update(SimulatedChannel.endpoints(3), { policy: { least_request: { choiceCount: 3 } } });
    expect(channel.publications).toHaveLength(length + 1);
    channel.subchannel('10.0.0.1:1').become(IDLE);
    expect(channel.publications).toHaveLength(length + 2);
    channel.subchannel('10.0.0.1:1').become(CONNECTING);
    expect(channel.publications).toHaveLength(length + 2);
  });
});

describe('picks', () => {
  test('with as many choices as endpoints, RPCs go to the least loaded: none gets a second before all have one', () => {
    const channel = openReady(3, { choiceCount: 3 });
    for (let round = 0; round < 20; round++) {
      expect(new Set([1, 2, 3].map(() => startCall(channel).address)).size).toBe(3);
    }
  });

  test('a hung endpoint gets no RPC while another one is idle: samples are distinct', () => {
    const channel = openReady(2);
    const hung = startCall(channel);
    for (let i = 0; i < 200; i++) {
      const call = startCall(channel);
      expect(call.address).not.toBe(hung.address);
      call.end();
    }
  });

  test('a later attempt of an RPC goes where none went, though that is the busiest, and anywhere when all were tried', () => {
    const channel = openReady(3);
    const addresses = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1'];
    for (let i = 0; i < 50; i++) {
      const one = rpc();
      const attempts = [1, 2, 3].map(() => channel.pick(one));
      expect(attempts.sort()).toEqual(addresses);
      expect(addresses).toContain(channel.pick(one));
    }
  });

  test('a burst in one turn of the event loop spreads evenly, before any of its RPCs has started', () => {
    const channel = openReady(4, { choiceCount: 4 });
    const counts = new Map<string, number>();
    for (const address of channel.picks(400)) counts.set(address, (counts.get(address) ?? 0) + 1);
    expect([...counts.values()]).toEqual([100, 100, 100, 100]);
  });

  test('a pick that never becomes an RPC is forgotten after the turn', async () => {
    const channel = openReady(2);
    const abandoned = channel.pick();
    await new Promise((resolve) => setImmediate(resolve));
    const seen = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const call = startCall(channel);
      seen.add(call.address);
      call.end();
    }
    expect(seen).toContain(abandoned);
  });

  test('of many endpoints each gets its share, and one sample in a thousand is drawn like any other', () => {
    const channel = openReady(1000);
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const call = startCall(channel);
      seen.add(call.address);
      call.end();
    }
    expect(seen.size).toBeGreaterThan(990);
  });
});

describe('counts', () => {
  test('follow the endpoint across pickers and updates', () => {
    const channel = openReady(2, { choiceCount: 3 });
    startCall(channel);
    startCall(channel);
    const first = channel.latest.picker;
    channel.update(SimulatedChannel.endpoints(3));
    channel.subchannel('10.0.0.2:1').become(READY);
    expect(channel.latest.picker).not.toBe(first);
    const fresh = Array.from({ length: 50 }, () => {
      const call = startCall(channel);
      call.end();
      return call.address;
    });
    expect(new Set(fresh)).toEqual(new Set(['10.0.0.2:1']));
  });

  test('of an endpoint that lost its connection start again with the RPCs that are still in flight', async () => {
    const channel = openReady(2);
    const calls = [startCall(channel), startCall(channel)];
    channel.subchannel('10.0.0.0:1').become(IDLE);
    await new Promise((resolve) => process.nextTick(resolve));
    for (const { end } of calls) end();
    channel.subchannel('10.0.0.0:1').become(READY);
    const [a, b] = [startCall(channel), startCall(channel)];
    expect(a.address).not.toBe(b.address);
  });
});

describe('config', () => {
  test('choiceCount above 10 counts as 10', () => {
    const channel = openReady(11, { choiceCount: 1000 });
    const hung = new Set(Array.from({ length: 10 }, () => startCall(channel).address));
    // Ten of eleven are compared: a busy one can still win if the idle one was not drawn.
    let busy = 0;
    for (let i = 0; i < 500; i++) {
      const call = startCall(channel);
      if (hung.has(call.address)) busy++;
      call.end();
    }
    expect(busy).toBeGreaterThan(0);
    expect(leastRequest({ choiceCount: 1000 })).toEqual({ least_request: { choiceCount: 1000 } });
  });

  test.each([0, 1, -1, 2.5, '2', 2 ** 32])('choiceCount %j is refused', (choiceCount) => {
    expect(() => leastRequest({ choiceCount: choiceCount as number })).toThrow(
      `least_request: choiceCount must be an integer from 2 to 4294967295, got ${JSON.stringify(choiceCount)}`,
    );
  });
});

describe('an RPC counts until it ends, and no longer:', () => {
  /** Until the condition holds, checked once per turn; bounded by the timeout of the test. */
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  };

  /** Two endpoints. The first one holds RPCs back; its answers are in `held`. */
  async function open(): Promise<{
    channel: TestChannel;
    slow: Backend;
    fast: Backend;
    held: sendUnaryData<Buffer>[];
  }> {
    const held: sendUnaryData<Buffer>[] = [];
    let holding = false;
    const slow = await startBackend({
      unary: (call, callback) => (holding ? held.push(callback) : callback(null, call.request)),
    });
    const fast = await startBackend();
    const channel = openChannel({
      endpoints: [slow.endpoint(), fast.endpoint()],
      policy: leastRequest(),
    });
    await channel.untilServedBy([slow.peer, fast.peer]);
    holding = true;
    return { channel, slow, fast, held };
  }

  /** Sends RPCs, one after the other, until the slow backend holds one. */
  async function occupy(
    channel: TestChannel,
    slow: Backend,
    options?: CallOptions,
  ): Promise<ReturnType<TestChannel['start']>> {
    const before = slow.calls;
    for (let i = 0; i < 1000; i++) {
      const started = channel.start(options);
      const ended = started.peer.then(
        () => {},
        () => {},
      );
      await Promise.race([ended, until(() => slow.calls > before)]);
      if (slow.calls > before) return started;
    }
    throw new Error('the slow backend was never picked');
  }

  test.each<
    [
      how: string,
      code: status,
      end: (call: ClientUnaryCall, answer: sendUnaryData<Buffer>, slow: Backend) => void,
    ]
  >([
    ['ok', status.OK, (_call, answer) => answer(null, Buffer.from('late'))],
    ['an error of the server', status.INTERNAL, (_call, answer) => answer({ code: status.INTERNAL })],
    ['cancellation', status.CANCELLED, (call) => call.cancel()],
    ['its deadline', status.DEADLINE_EXCEEDED, () => {}],
    // forceShutdown resets the streams before it closes the connection.
    ['connection loss', status.CANCELLED, (_call, _answer, slow) => slow.kill()],
  ])('%s', async (how, code, end) => {
    const { channel, slow, fast, held } = await open();
    const deadline = how === 'its deadline' ? Date.now() + 700 : Date.now() + 5000;
    const { call, peer } = await occupy(channel, slow, { deadline });
    expect(new Set(await channel.peers(20))).toEqual(new Set([fast.peer]));
    end(call, held.at(-1) as sendUnaryData<Buffer>, slow);
    await expect(
      peer.then(
        () => status.OK,
        (error: ServiceError) => error.code,
      ),
    ).resolves.toBe(code);
    if (how === 'connection loss') await slow.restart();
    const again = await occupy(channel, slow);
    again.call.cancel();
    await expect(again.peer).rejects.toThrow();
  });

  test('a stream counts while it is open', async () => {
    const { channel, slow, fast } = await open();
    const streams: ReturnType<TestChannel['bidi']>[] = [];
    // Streams are echoed by both backends. Two at once: one on each.
    for (let i = 0; i < 2; i++) {
      const stream = channel.bidi();
      stream.on('error', () => {});
      stream.write(Buffer.from('open'));
      await new Promise((resolve) => stream.once('data', resolve));
      streams.push(stream);
    }
    expect(new Set(streams.map((stream) => stream.getPeer()))).toEqual(new Set([slow.peer, fast.peer]));
    const onSlow = streams.find((stream) => stream.getPeer() === slow.peer);
    const onFast = streams.find((stream) => stream.getPeer() === fast.peer);
    onFast?.end();
    await new Promise((resolve) => onFast?.on('status', resolve).resume());
    expect(new Set(await channel.peers(20))).toEqual(new Set([fast.peer]));
    onSlow?.cancel();
  });
});
