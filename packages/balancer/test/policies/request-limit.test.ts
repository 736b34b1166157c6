/** `request_limit` (gRFC A32): over simulated subchannels, and with real servers that count what runs at once. */
import { Metadata, connectivityState as State } from '@grpc/grpc-js';
import { untilState } from '@petiole/test-kit/clients';
import { startFleet } from '@petiole/test-kit/servers';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { beforeAll, describe, expect, test } from 'vitest';
import { customRoundRobin, leastRequest, requestLimit } from '../../src/index.js';
import { openChannel } from '../support/fleet.js';
import { attempt } from '../support/load.js';

beforeAll(() => {
  customRoundRobin.register();
  requestLimit.register();
  leastRequest.register();
});

/** Starts one RPC as grpc-js does; answers with where it went, and with how to end it. */
function startCall(channel: SimulatedChannel): { to: string | undefined; end: () => void } {
  const result = channel.latest.picker.pick(rpc());
  result.onCallStarted?.();
  return {
    to: result.subchannel?.getAddress() ?? result.status?.details,
    end: () => result.onCallEnded?.(0, '', new Metadata()),
  };
}

function open(config: object, count = 2): SimulatedChannel {
  const channel = new SimulatedChannel({ request_limit: config });
  channel.update(SimulatedChannel.endpoints(count));
  channel.all(State.READY);
  return channel;
}

describe('at the limit', () => {
  test('an RPC goes to another endpoint that has room', () => {
    const channel = open({ maxRequests: 2 });
    const calls = [1, 2, 3].map(() => startCall(channel));
    const [first] = calls;
    first?.end();
    const rest = [1, 2].map(() => startCall(channel));
    const running = [...calls.slice(1), ...rest].map(({ to }) => to).sort();
    expect(running).toEqual(['10.0.0.0:1', '10.0.0.0:1', '10.0.0.1:1', '10.0.0.1:1']);
  });

  test('it waits where all are full, and is picked again when an RPC ends', async () => {
    const channel = open({ maxRequests: 1 });
    const calls = [startCall(channel), startCall(channel)];
    expect(channel.pick()).toBe('QUEUE');
    const { length } = channel.publications;
    calls[1]?.end();
    await new Promise(setImmediate);
    expect(channel.publications.length).toBeGreaterThan(length);
    expect(startCall(channel).to).toBe(calls[1]?.to);
  });

  test('the endpoint that has room is found by the RPC that waited, whichever it is', async () => {
    for (const place of [0, 1, 2]) {
      const channel = open({ maxRequests: 1, childPolicy: [customRoundRobin({ repeatCount: 10 })] }, 3);
      const calls = [0, 1, 2].map(() => startCall(channel));
      const waiting = rpc();
      expect(channel.pick(waiting)).toBe('QUEUE');
      await new Promise(setImmediate);
      calls[place]?.end();
      expect(channel.pick(waiting)).toBe(calls[place]?.to);
    }
  });

  test('the only one of 30 endpoints that has room is found', async () => {
    const channel = open({ maxRequests: 1, childPolicy: [customRoundRobin({ repeatCount: 10 })] }, 30);
    const calls = Array.from({ length: 30 }, () => startCall(channel));
    expect(new Set(calls.map(({ to }) => to)).size).toBe(30);
    await new Promise(setImmediate);
    calls[29]?.end();
    expect(channel.pick()).toBe(calls[29]?.to);
  });

  test('with drop, it fails for good', () => {
    const channel = open({ maxRequests: 1, drop: true });
    startCall(channel);
    startCall(channel);
    expect(startCall(channel).to).toBe('request_limit: every endpoint has 1 RPCs already');
  });

  test('one that waits for a pick that never starts is picked again in the next turn', async () => {
    const channel = open({ maxRequests: 1 });
    expect(channel.picks(3).at(-1)).toBe('QUEUE');
    const { length } = channel.publications;
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(channel.publications.length).toBeGreaterThan(length);
    expect(startCall(channel).to).toMatch(/^10\./);
  });

  test('picks of one turn count before they start, and no longer when the turn is over', async () => {
    const channel = open({ maxRequests: 1 });
    expect(channel.picks(3).at(-1)).toBe('QUEUE');
    await new Promise(setImmediate);
    expect(channel.pick()).not.toBe('QUEUE');
  });
});

test('200 RPCs at 5 for each server: no server ever has more, and none fails', async () => {
  const loads = [0, 1].map(() => ({ now: 0, most: 0 }));
  const servers = loads.map((load) =>
    startFleet(1, {
      unary({ request }, answer) {
        load.most = Math.max(load.most, ++load.now);
        setTimeout(() => {
          load.now--;
          answer(null, request);
        }, 5);
      },
    }),
  );
  const backends = (await Promise.all(servers)).flat();
  const channel = openChannel({
    endpoints: backends.map((backend) => backend.endpoint()),
    policy: requestLimit({ maxRequests: 5, childPolicy: [leastRequest()] }),
  });
  channel.client.getChannel().getConnectivityState(true);
  await untilState(channel, 'READY');
  const outcomes = await Promise.all(Array.from({ length: 200 }, () => attempt(channel)));
  expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(loads.map(({ most }) => most)).toEqual([5, 5]);
});
