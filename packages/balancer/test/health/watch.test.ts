/** The Watch stream: its back-off, its end, and what it does within one turn of the event loop. Simulated. */
import { type experimental, connectivityState as State, status as Status, setLogger } from '@grpc/grpc-js';
import { SimulatedChannel, SimulatedSubchannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HealthCheckedSubchannel } from '../../src/health/checked-subchannel.js';
import { HealthWatch } from '../../src/health/watch.js';
import { customRoundRobin } from '../../src/index.js';
import { SimulatedWatchChannel } from '../support/simulated-watch.js';

customRoundRobin.register();

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;
const settled = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  // The middle of the jitter: none.
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  setLogger(console);
});

describe('the stream', () => {
  function startWatch(started?: Promise<void>) {
    const subchannel = new SimulatedSubchannel('10.0.0.1:1');
    const channel = SimulatedWatchChannel.of(subchannel);
    if (started !== undefined) channel.started = started;
    const heard: string[] = [];
    const startedAt = performance.now();
    const attempts: number[] = [];
    const createCall = channel.createCall.bind(channel);
    channel.createCall = (...args) => {
      attempts.push(Math.round(performance.now() - startedAt));
      return createCall(...args);
    };
    const watch = new HealthWatch(subchannel as unknown as experimental.SubchannelInterface, 'echo', {
      onStatus: (status) => heard.push(status),
      onUnimplemented: () => heard.push('unimplemented'),
      onNotFound: () => heard.push('not found'),
      onCut: ({ code }) => heard.push(`cut with ${Status[code]}`),
      onFailure: ({ code, details }) => heard.push(`${Status[code]}: ${details}`),
    });
    return { watch, channel, heard, attempts };
  }

  test('asks for one service, without a deadline, and reads on after each message', async () => {
    const { channel, heard } = startWatch();
    expect(channel.deadlines).toEqual([Number.POSITIVE_INFINITY]);
    expect(channel.watch.request?.subarray(2).toString()).toBe('echo');
    expect(channel.watch.halfClosed).toBe(true);
    expect(channel.watch.reads).toBe(1);
    channel.watch.answer(SERVING);
    expect(channel.watch.reads).toBe(2);
    await vi.advanceTimersByTimeAsync(10);
    channel.watch.answer(NOT_SERVING);
    expect(heard).toEqual(['SERVING', 'NOT_SERVING']);
    expect(channel.watch.reads).toBe(3);
  });

  test('without a message, the next attempts start 1 s, 1.6 s, 2.56 s … and at most 120 s after the last one', async () => {
    const { channel, attempts, heard } = startWatch();
    for (let attempt = 1; attempt <= 14; attempt++) {
      await channel.watch.end({ code: Status.INTERNAL });
      expect(channel.watches).toHaveLength(attempt);
      await vi.advanceTimersToNextTimerAsync();
    }
    const waits = attempts.slice(1).map((at, i) => at - (attempts[i] as number));
    expect(waits.slice(0, 4)).toEqual([1000, 1600, 2560, 4096]);
    expect(waits.slice(-3)).toEqual([120_000, 120_000, 120_000]);
    expect(heard).toHaveLength(14);
  });

  test('a stream that outlived its back-off without a message is replaced at once', async () => {
    const { channel, attempts } = startWatch();
    await vi.advanceTimersByTimeAsync(5000);
    expect(channel.watches).toHaveLength(1);
    await channel.watch.end();
    expect(attempts).toEqual([0, 5000]);
  });

  test('a message resets the back-off: the next attempt is immediate, and the one after it waits 1 s', async () => {
    const { channel, attempts } = startWatch();
    await channel.watch.end();
    await vi.advanceTimersByTimeAsync(1000);
    await channel.watch.end();
    await vi.advanceTimersByTimeAsync(1600);
    expect(attempts).toEqual([0, 1000, 2600]);
    channel.watch.answer(SERVING);
    await vi.advanceTimersByTimeAsync(1007);
    await channel.watch.end();
    expect(attempts).toEqual([0, 1000, 2600, 3607]);
    await channel.watch.end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(attempts).toEqual([0, 1000, 2600, 3607, 4607]);
  });

  test.each([
    ['with OK', Status.OK],
    ['with an error', Status.UNAVAILABLE],
  ])('a stream that brought a message and ends %s is cut, and no failure', async (_, code) => {
    const { channel, heard } = startWatch();
    channel.watch.answer(SERVING);
    await channel.watch.end({ code });
    expect(heard).toEqual(['SERVING', `cut with ${Status[code]}`]);
  });

  test('an attempt that ends with OK and no message has failed', async () => {
    const { channel, heard } = startWatch();
    await channel.watch.end({ code: Status.OK, details: 'OK' });
    expect(heard).toEqual(['OK: OK']);
  });

  test('a server that answers and ends each stream is asked once a second, not in a loop', async () => {
    const { channel, attempts } = startWatch();
    for (let round = 0; round < 5; round++) {
      channel.watch.answer(SERVING);
      await channel.watch.end({ code: Status.OK });
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(attempts).toEqual([0, 1000, 2000, 3000, 4000, 5000]);
  });

  test('of the messages that come within 10 ms after one that was reported, the newest is reported then', async () => {
    const { channel, heard } = startWatch();
    channel.watch.answer(SERVING);
    await vi.advanceTimersByTimeAsync(3);
    for (const status of [NOT_SERVING, SERVING, NOT_SERVING, SERVICE_UNKNOWN]) channel.watch.answer(status);
    expect(heard).toEqual(['SERVING']);
    await vi.advanceTimersByTimeAsync(6);
    expect(heard).toEqual(['SERVING']);
    await vi.advanceTimersByTimeAsync(1);
    expect(heard).toEqual(['SERVING', 'SERVICE_UNKNOWN']);
    channel.watch.answer(SERVING);
    await vi.advanceTimersByTimeAsync(20);
    channel.watch.answer(NOT_SERVING);
    expect(heard).toEqual(['SERVING', 'SERVICE_UNKNOWN', 'SERVING', 'NOT_SERVING']);
  });

  test('a server that sends without end is read 100 messages at a time: it waits until the newest is reported', async () => {
    const { channel, heard } = startWatch();
    channel.watch.answer(SERVING);
    for (let i = 0; i < 100; i++) channel.watch.answer(i === 99 ? SERVICE_UNKNOWN : NOT_SERVING);
    expect(channel.watch.reads).toBe(1 + 100);
    await vi.advanceTimersByTimeAsync(10);
    expect(heard).toEqual(['SERVING', 'SERVICE_UNKNOWN']);
    expect(channel.watch.reads).toBe(1 + 101);
  });

  test('the last message before the end of a stream is reported before the end', async () => {
    const { channel, heard } = startWatch();
    channel.watch.answer(SERVING);
    channel.watch.answer(NOT_SERVING);
    await channel.watch.end({ code: Status.OK });
    expect(heard).toEqual(['SERVING', 'NOT_SERVING', 'cut with OK']);
  });

  test('HTTP status 404 is no UNIMPLEMENTED of a server: it is asked again, with back-off', async () => {
    const { channel, heard, attempts } = startWatch();
    const notFound = { code: Status.UNIMPLEMENTED, details: 'Received HTTP status code 404' };
    await channel.watch.end(notFound);
    await vi.advanceTimersByTimeAsync(1000);
    await channel.watch.end(notFound);
    await vi.advanceTimersByTimeAsync(1600);
    expect(heard).toEqual(['not found', 'not found']);
    expect(attempts).toEqual([0, 1000, 2600]);
  });

  test('many messages on one stream do not put off the next attempt', async () => {
    const { channel, attempts } = startWatch();
    for (let i = 0; i < 30; i++) {
      channel.watch.answer(SERVING);
      await vi.advanceTimersByTimeAsync(50);
    }
    await channel.watch.end();
    expect(attempts).toEqual([0, 1500]);
  });

  test('a malformed message counts as the failure of the stream, which is cancelled and tried again', async () => {
    const { channel, heard, attempts } = startWatch();
    const [first] = channel.watches;
    first?.receive(Buffer.from('<html>'));
    expect(heard).toEqual(['INTERNAL: malformed HealthCheckResponse: wire type 4']);
    expect(first?.cancellations).toBe(1);
    await first?.end({ code: Status.CANCELLED });
    await vi.advanceTimersByTimeAsync(1000);
    expect(heard).toHaveLength(1);
    expect(attempts).toEqual([0, 1000]);
  });

  test('UNIMPLEMENTED ends it for good', async () => {
    const { channel, heard } = startWatch();
    await channel.watch.end({ code: Status.UNIMPLEMENTED });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(heard).toEqual(['unimplemented']);
    expect(channel.watches).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('stopping cancels it, closes its channel, leaves no timer, and nothing is heard any more', async () => {
    const { watch, channel, heard } = startWatch();
    await settled();
    watch.stop();
    expect(channel.watch.cancellations).toBe(1);
    expect(channel.closed).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
    channel.watch.answer(SERVING);
    await channel.watch.end();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(heard).toEqual([]);
    expect(channel.watches).toHaveLength(1);
  });

  test('stopping between two attempts leaves no timer and makes no attempt', async () => {
    const { watch, channel } = startWatch();
    await channel.watch.end();
    expect(vi.getTimerCount()).toBe(1);
    watch.stop();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(channel.watches).toHaveLength(1);
  });

  test('a call that is stopped while its credentials are pending is cancelled again when it exists', async () => {
    let credentialsArrive: () => void = () => {};
    const { watch, channel } = startWatch(
      new Promise((resolve) => {
        credentialsArrive = resolve;
      }),
    );
    watch.stop();
    expect(channel.watch.cancellations).toBe(1);
    credentialsArrive();
    await settled();
    expect(channel.watch.cancellations).toBe(2);
  });

  test('a start that fails is a failed attempt', async () => {
    const { channel, heard, attempts } = startWatch(Promise.reject(new Error('Cannot create call')));
    await settled();
    expect(heard).toEqual(['UNAVAILABLE: Error: Cannot create call']);
    channel.started = Promise.resolve();
    await vi.advanceTimersByTimeAsync(1000);
    expect(attempts).toEqual([0, 1000]);
  });
});

/** A subchannel that is health-checked, and the channel of its Watch. */
function healthChecked(service: string) {
  const below = new SimulatedSubchannel('10.0.0.1:1');
  const channel = SimulatedWatchChannel.of(below);
  const subchannel = new HealthCheckedSubchannel(
    below as unknown as experimental.SubchannelInterface,
    service,
    { started: () => {}, ended: () => {}, event: () => ({ target: undefined, endpoint: 'it' }) },
  );
  return { subchannel, channel };
}

test('a long service name is cut where it is shown, without control characters, and remembered as it was logged', async () => {
  const lines: string[] = [];
  setLogger({ error: (line: string) => lines.push(line) });
  const name = `forged\nE root logged in\u001b[2K${'x'.repeat(60_000)}`;
  const shown = '"forged E root logged in\\x1b[2Kxxx';
  // The second name is another one, but nobody could tell it from the first in the log.
  for (const service of [`${name}1`, `${name}2`]) {
    const { subchannel, channel } = healthChecked(service);
    subchannel.addHealthStateWatcher(() => {});
    channel.watch.answer(SERVICE_UNKNOWN);
    expect(subchannel.failure).toContain(`the server knows no service ${shown}`);
    expect(subchannel.failure?.length).toBeLessThan(1000);
    await channel.watch.end({ code: Status.UNIMPLEMENTED });
  }
  await told();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(shown);
  expect(lines[0]?.length).toBeLessThan(1000);
});

test('a health-checked subchannel watches while somebody listens, and forgets what it knew when nobody does', () => {
  const { subchannel: wrapper, channel } = healthChecked('echo');
  expect(channel.watches).toHaveLength(0);
  const [first, second] = [vi.fn(), vi.fn()];
  wrapper.addHealthStateWatcher(first);
  wrapper.addHealthStateWatcher(second);
  expect(channel.watches).toHaveLength(1);
  channel.watch.answer(SERVING);
  expect([first.mock.calls, second.mock.calls]).toEqual([[[true]], [[true]]]);
  wrapper.removeHealthStateWatcher(first);
  expect(channel.watch.cancellations).toBe(0);
  wrapper.removeHealthStateWatcher(second);
  expect(channel.watch.cancellations).toBe(1);
  wrapper.addHealthStateWatcher(first);
  expect(channel.watches).toHaveLength(2);
  expect([wrapper.status, wrapper.isHealthy()]).toEqual(['PENDING', false]);
  wrapper.removeHealthStateWatcher(first);
});

test('an answer that is repeated is passed on once', async () => {
  const { subchannel, channel } = healthChecked('echo');
  const watcher = vi.fn();
  subchannel.addHealthStateWatcher(watcher);
  for (let i = 0; i < 3; i++) {
    channel.watch.answer(NOT_SERVING);
    await vi.advanceTimersByTimeAsync(20);
  }
  expect(watcher.mock.calls).toEqual([[false]]);
  subchannel.removeHealthStateWatcher(watcher);
});

describe('in a policy', () => {
  function start(count: number) {
    const channel = new SimulatedChannel(customRoundRobin({ repeatCount: 1, readyTimeout: '0s' }));
    const addresses = Array.from({ length: count }, (_, i) => `10.0.0.${i}:1`);
    const watches = addresses.map((address) => SimulatedWatchChannel.of(channel.subchannel(address)));
    const options = { 'grpc.service_config': '{"healthCheckConfig":{"serviceName":"echo"}}' };
    const update = () => channel.update(SimulatedChannel.endpoints(count), { options });
    update();
    return { channel, watches: watches as [SimulatedWatchChannel, ...SimulatedWatchChannel[]], update };
  }

  test('the watch starts when the connection is READY, and RPCs wait for its first answer', async () => {
    const { channel, watches } = start(1);
    await settled();
    channel.all(State.CONNECTING);
    expect(watches[0].watches).toHaveLength(0);
    channel.all(State.READY);
    expect(watches[0].watches).toHaveLength(1);
    expect(channel.state).toBe('CONNECTING');
    expect(channel.pick()).toBe('QUEUE');
    watches[0].watch.answer(SERVING);
    expect(channel.pick()).toBe('10.0.0.0:1');
  });

  test('a flip to NOT_SERVING takes the endpoint out of picks in the turn in which the message is received', async () => {
    const { channel, watches } = start(2);
    channel.all(State.READY);
    for (const { watch } of watches) watch.answer(SERVING);
    expect(new Set(channel.picks(4))).toEqual(new Set(['10.0.0.0:1', '10.0.0.1:1']));
    await vi.advanceTimersByTimeAsync(10);
    // Nothing is awaited between the message and the picks.
    watches[0].watch.answer(NOT_SERVING);
    expect(new Set(channel.picks(4))).toEqual(new Set(['10.0.0.1:1']));
    await vi.advanceTimersByTimeAsync(10);
    watches[0].watch.answer(SERVING);
    expect(new Set(channel.picks(4))).toEqual(new Set(['10.0.0.0:1', '10.0.0.1:1']));
  });

  test('the first answer NOT_SERVING fails RPCs with that reason', async () => {
    const { channel, watches } = start(1);
    channel.all(State.READY);
    watches[0].watch.answer(NOT_SERVING);
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    expect(channel.pick()).toContain('10.0.0.0:1: health check: NOT_SERVING');
  });

  test('a failed endpoint stays out while its watch is tried again: RPCs do not wait for a server that is ill', async () => {
    const { channel, watches } = start(1);
    channel.all(State.READY);
    await watches[0].watch.end({ code: Status.INTERNAL, details: 'boom' });
    expect(channel.pick()).toContain('health check failed: 13 INTERNAL: boom');
    await vi.advanceTimersByTimeAsync(1000);
    expect(watches[0].watches).toHaveLength(2);
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    await watches[0].watch.end({ code: Status.DATA_LOSS, details: 'worse' });
    expect(channel.pick()).toContain('health check failed: 15 DATA_LOSS: worse');
  });

  describe('a stream that had brought an answer ends', () => {
    /** One endpoint whose first stream brought that answer and ended after more than a second. */
    async function cut(answer: number) {
      const { channel, watches } = start(1);
      channel.all(State.READY);
      watches[0].watch.answer(answer);
      await vi.advanceTimersByTimeAsync(1500);
      await watches[0].watch.end({ details: 'stream timeout' });
      expect(watches[0].watches).toHaveLength(2);
      return { channel, health: watches[0] };
    }

    test('after SERVING the endpoint gets RPCs until the next answer, and NOT_SERVING counts at once', async () => {
      const { channel, health } = await cut(SERVING);
      expect(channel.pick()).toBe('10.0.0.0:1');
      health.watch.answer(NOT_SERVING);
      expect(channel.pick()).toContain('health check: NOT_SERVING');
    });

    test('after SERVING the endpoint fails when the next attempt does', async () => {
      const { channel, health } = await cut(SERVING);
      await health.watch.end({ code: Status.INTERNAL, details: 'boom' });
      expect(channel.pick()).toContain('health check failed: 13 INTERNAL: boom');
    });

    test('after NOT_SERVING the endpoint stays out, for that reason, until it is SERVING', async () => {
      const { channel, health } = await cut(NOT_SERVING);
      expect(channel.pick()).toContain('health check: NOT_SERVING');
      health.watch.answer(SERVING);
      expect(channel.pick()).toBe('10.0.0.0:1');
    });

    test.each([
      ['SERVING', SERVING, '10.0.0.0:1'],
      ['NOT_SERVING', NOT_SERVING, 'health check: NOT_SERVING'],
    ])('after %s HTTP status 404 changes nothing', async (_, answer, pick) => {
      const { channel, health } = await cut(answer);
      await health.watch.end({ code: Status.UNIMPLEMENTED, details: 'Received HTTP status code 404' });
      expect(channel.pick()).toContain(pick);
    });

    test('nothing is published while nothing changes', async () => {
      const { channel, health } = await cut(SERVING);
      const before = channel.publications.length;
      health.watch.answer(SERVING);
      await vi.advanceTimersByTimeAsync(2000);
      await health.watch.end();
      expect(channel.publications).toHaveLength(before);
    });
  });

  test('a health check without an answer counts as failed 20 s after the connection attempt began', async () => {
    const { channel, watches } = start(1);
    await settled();
    channel.all(State.CONNECTING);
    await vi.advanceTimersByTimeAsync(5000);
    channel.all(State.READY);
    await vi.advanceTimersByTimeAsync(14_990);
    expect(channel.pick()).toBe('QUEUE');
    await vi.advanceTimersByTimeAsync(600);
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    expect(channel.pick()).toContain(
      'connected, but the health check has no answer 20 s after the connection attempt began',
    );
    watches[0].watch.answer(SERVING);
    expect(channel.pick()).toBe('10.0.0.0:1');
  });

  test('after 20 s without an answer a new connection without an answer still counts as failed', async () => {
    const { channel } = start(1);
    await settled();
    channel.all(State.CONNECTING);
    await vi.advanceTimersByTimeAsync(20_600);
    expect(channel.pick()).toContain('connection attempt unfinished after 20 s');
    await vi.advanceTimersByTimeAsync(1000);
    const [anew] = channel.further as [SimulatedSubchannel];
    SimulatedWatchChannel.of(anew);
    anew.become(State.READY);
    expect(channel.state).toBe('TRANSIENT_FAILURE');
  });

  test('a lost connection ends the watch; the next connection has a watch of its own and no old answer', async () => {
    const { channel, watches } = start(1);
    channel.all(State.READY);
    watches[0].watch.answer(SERVING);
    channel.all(State.IDLE);
    expect(watches[0].watch.cancellations).toBe(1);
    expect(watches[0].closed).toBe(1);
    await settled();
    channel.all(State.CONNECTING);
    channel.all(State.READY);
    expect(watches[0].watches).toHaveLength(2);
    expect(channel.pick()).toBe('QUEUE');
    watches[0].watches[0]?.answer(SERVING);
    expect(channel.pick()).toBe('QUEUE');
    watches[0].watch.answer(SERVING);
    expect(channel.pick()).toBe('10.0.0.0:1');
  });

  test('an update that changes nothing leaves the watch alone', async () => {
    const { channel, watches, update } = start(1);
    channel.all(State.READY);
    watches[0].watch.answer(SERVING);
    update();
    await settled();
    expect(watches[0].watches).toHaveLength(1);
    expect(channel.pick()).toBe('10.0.0.0:1');
  });

  test('destroying the policy ends all watches and leaves no reference and no timer', async () => {
    const { channel, watches } = start(3);
    channel.all(State.READY);
    watches[0].watch.answer(SERVING);
    await watches[1]?.watch.end();
    await settled();
    channel.policy.destroy();
    expect(watches.map(({ watch }) => watch.cancellations)).toEqual([1, 0, 1]);
    expect(watches.map(({ closed }) => closed)).toEqual([1, 1, 1]);
    expect(channel.refs).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
