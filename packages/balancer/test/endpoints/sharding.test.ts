/** The rules of the machinery that every policy gets, over simulated subchannels. */
import { type ChannelOptions, experimental, connectivityState as State } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { customRoundRobin, definePolicy } from '../../src/index.js';

const { CONNECTING, IDLE, READY, TRANSIENT_FAILURE } = State;
const POLICY = { custom_round_robin: { repeatCount: 1, readyTimeout: '0s' } };
const ENDPOINTS = SimulatedChannel.endpoints(3);
const [A, B, C] = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1'] as const;

beforeAll(() => customRoundRobin.register());

function openReady(endpoints = ENDPOINTS): SimulatedChannel {
  const channel = new SimulatedChannel(POLICY);
  channel.update(endpoints);
  channel.all(READY);
  return channel;
}

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('updates', () => {
  test('one that changes nothing touches no child, no subchannel, and publishes the same picker once more', async () => {
    const channel = openReady();
    await immediate();
    const { created, latest } = channel;
    const before = channel.publications.length;
    channel.update(ENDPOINTS.map(({ addresses }) => ({ addresses: addresses.map((a) => ({ ...a })) })));
    expect(channel.publications).toHaveLength(before);
    await immediate();
    expect(channel.publications).toHaveLength(before + 1);
    expect(channel.latest).toEqual(latest);
    expect(channel.latest.picker).toBe(latest.picker);
    expect(channel.created).toBe(created);
  });

  test('adding an endpoint creates its child only, removing one releases its subchannels only', () => {
    const channel = openReady();
    const { created } = channel;
    channel.update(SimulatedChannel.endpoints(4));
    expect(channel.created).toBe(created + 1);
    channel.subchannel('10.0.0.3:1').become(READY);
    channel.update(SimulatedChannel.endpoints(4).filter((_, i) => i !== 1));
    expect(channel.created).toBe(created + 1);
    expect([A, B, C].map((address) => channel.subchannel(address).refs)).toEqual([1, 0, 1]);
  });

  test('publish once, however many children report inside', () => {
    const channel = new SimulatedChannel(POLICY);
    for (const address of [A, B, C]) channel.subchannel(address).become(READY);
    channel.update(ENDPOINTS);
    expect(channel.publications.map(({ state }) => State[state])).toEqual(['READY']);
  });

  test('match endpoints by their set of addresses: another order or a repetition is the same endpoint', () => {
    const channel = openReady([SimulatedChannel.endpoint('10.0.0.0:1', '10.0.0.1:1')]);
    const { created } = channel;
    channel.update([
      SimulatedChannel.endpoint('10.0.0.1:1', '10.0.0.0:1'),
      SimulatedChannel.endpoint('10.0.0.0:1', '10.0.0.1:1', '10.0.0.0:1'),
    ]);
    expect(channel.created).toBe(created);
    expect(channel.state).toBe('READY');
  });

  test('keep endpoints apart whose addresses are written alike', () => {
    const unix = (...paths: string[]) => ({ addresses: paths.map((path) => ({ path })) });
    const channel = openReady([
      SimulatedChannel.endpoint('127.0.0.1:1'),
      unix('127.0.0.1:1'),
      unix('x', 'y'),
      unix('x unix y'),
      unix('\0q', 'b'),
      unix('\0q\0b'),
    ]);
    expect(channel.picks(6)).toEqual(['127.0.0.1:1', '127.0.0.1:1', 'x', 'x unix y', '\0q', '\0q\0b']);
  });

  test('a new order of addresses is used on the next connection attempt, the lost address comes second', async () => {
    const channel = new SimulatedChannel(POLICY);
    channel.update([SimulatedChannel.endpoint('10.0.0.0:1', '10.0.0.1:1')]);
    channel.subchannel(A).become(READY);
    channel.update([SimulatedChannel.endpoint('10.0.0.1:1', '10.0.0.0:1')]);
    const requests: string[] = [];
    for (const address of [A, B]) {
      channel.subchannel(address).startConnecting = () => requests.push(address);
    }
    await immediate();
    channel.subchannel(A).become(IDLE);
    await immediate();
    expect(requests).toEqual([B]);
  });

  test('new channel options that come while an endpoint is IDLE are used by its next connection attempt', async () => {
    const channel = openReady();
    const args: unknown[] = [];
    const { createSubchannel } = channel.helper;
    channel.helper.createSubchannel = (address, options) => {
      args.push(options['grpc.primary_user_agent']);
      return createSubchannel.call(channel.helper, address, options);
    };
    channel.subchannel(A).become(IDLE);
    channel.update(ENDPOINTS, { options: { 'grpc.primary_user_agent': 'newer' } });
    await immediate();
    expect(args).toEqual(['newer', 'newer', 'newer']);
  });

  test('collapse duplicates into one turn of the rotation', () => {
    const channel = openReady([...ENDPOINTS, ...ENDPOINTS]);
    expect(channel.picks(4)).toEqual([A, B, C, A]);
    expect(channel.created).toBe(3);
    // Nor does such a list look like a new one each time.
    const { picker } = channel.latest;
    channel.update([...ENDPOINTS, ...ENDPOINTS]);
    expect(channel.latest.picker).toBe(picker);
  });

  test('with changed channel options reach the subchannels; excluded keys and equal values do not count', () => {
    const channel = openReady();
    const { created } = channel;
    const same: ChannelOptions = {
      [`${experimental.SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX}.x`]: Symbol('fresh'),
      [experimental.CHANNEL_ARGS_CONFIG_SELECTOR_KEY]: { invoke: () => {} },
    } as never;
    channel.update(ENDPOINTS, { options: same });
    expect(channel.created).toBe(created);
    channel.update(ENDPOINTS, { options: { attribute: { nested: [1] } } as never });
    expect(channel.created).toBe(created + 3);
    channel.update(ENDPOINTS, { options: { attribute: { nested: [1] } } as never });
    expect(channel.created).toBe(created + 3);
  });

  test('an error of the resolver is ignored while there are endpoints', () => {
    const channel = openReady();
    expect(channel.fail('DNS is down')).toBe(true);
    expect(channel.picks(2)).toEqual([A, B]);
  });

  test('an empty list fails RPCs and says so; it is refused after a first update only', () => {
    const channel = openReady();
    expect(channel.update([], { note: 'NXDOMAIN for echo.test' })).toBe(false);
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    expect(channel.pick()).toBe(
      'custom_round_robin: the resolver returned no endpoints. Resolution note: NXDOMAIN for echo.test',
    );
    expect(channel.refs).toBe(0);
    expect(new SimulatedChannel(POLICY).update([])).toBe(true);
    channel.update(ENDPOINTS);
    channel.all(READY);
    expect(channel.state).toBe('READY');
  });

  test('an endpoint without addresses is none', () => {
    const channel = openReady([{ addresses: [] }, ...ENDPOINTS]);
    expect(channel.picks(4)).toEqual([A, B, C, A]);
  });
});

describe('children', () => {
  test('one that becomes IDLE is told to reconnect at once, and re-resolution is requested', async () => {
    const channel = openReady();
    const requests = channel.reresolutions;
    const { created } = channel;
    channel.subchannel(B).become(IDLE);
    await immediate();
    expect(channel.created).toBe(created + 1);
    expect(channel.reresolutions).toBe(requests + 1);
    expect(channel.picks(3)).toEqual([A, C, A]);
  });

  test('an endpoint that leaves READY costs one publication, and is in no pick after it', () => {
    const channel = openReady();
    const before = channel.publications.length;
    channel.subchannel(A).become(IDLE);
    expect(channel.publications).toHaveLength(before + 1);
    expect(channel.picks(4)).not.toContain(A);
  });

  test('an endpoint that fails while others serve publishes nothing', () => {
    const channel = openReady();
    channel.subchannel(A).become(IDLE);
    channel.subchannel(A).become(CONNECTING);
    const before = channel.publications.length;
    channel.subchannel(A).become(TRANSIENT_FAILURE, 'Error: refused');
    expect(channel.publications).toHaveLength(before);
  });

  test('re-resolution is requested at most once a second, and not forgotten', () => {
    vi.useFakeTimers();
    try {
      const channel = openReady(SimulatedChannel.endpoints(50));
      channel.all(IDLE);
      expect(channel.reresolutions).toBe(1);
      vi.advanceTimersByTime(1000);
      expect(channel.reresolutions).toBe(2);
      vi.advanceTimersByTime(5000);
      expect(channel.reresolutions).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  test('the failure message is bounded, names endpoints in order, and carries the newest resolution note', () => {
    const channel = new SimulatedChannel(POLICY);
    const endpoints = SimulatedChannel.endpoints(500);
    channel.update(endpoints, { note: 'old note' });
    channel.all(TRANSIENT_FAILURE, `Error: ${'x'.repeat(100)}`);
    channel.update(endpoints, { note: 'new note' });
    const message = channel.pick();
    expect(message).toMatch(
      /^custom_round_robin: all 500 endpoints failed: 10\.0\.0\.0:1: x+; 10\.0\.0\.1:1: x+; /,
    );
    expect(message).toMatch(/; and 49\d more\. Resolution note: new note$/);
    expect(message.length).toBeLessThan(1200);
  });
});

describe('connection attempts that never end', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  test('count as failed after 20 s, and are given up for others on new subchannels, each after a longer wait', () => {
    // Without jitter.
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const channel = new SimulatedChannel(POLICY);
    channel.update(ENDPOINTS.slice(0, 1));
    channel.all(CONNECTING);
    vi.advanceTimersByTime(20_499);
    expect(channel.state).toBe('CONNECTING');
    vi.advanceTimersByTime(1);
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    expect(channel.pick()).toContain(`${A}: connection attempt unfinished after 20 s`);
    expect(channel.refs).toBe(0);
    for (const [i, wait] of [1000, 1600, 2560].entries()) {
      vi.advanceTimersByTime(wait - 1);
      expect(channel.further).toHaveLength(i);
      vi.advanceTimersByTime(1);
      expect(channel.further).toHaveLength(i + 1);
      channel.further[i]?.become(CONNECTING);
      expect(channel.state).toBe('TRANSIENT_FAILURE');
      if (i < 2) vi.advanceTimersByTime(20_500);
    }
    // Whatever becomes of the first attempt is nobody's news.
    channel.subchannel(A).become(READY);
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    channel.further[2]?.become(READY);
    expect([channel.pick(), channel.refs]).toEqual([A, 1]);
  });

  test('are given up also where the endpoint counts as failed already, since its connections were lost at once', async () => {
    const channel = new SimulatedChannel(POLICY);
    channel.update(ENDPOINTS.slice(0, 1));
    for (let i = 0; i < 2; i++) {
      channel.all(READY);
      channel.all(IDLE);
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(channel.pick()).toContain('the next attempt waits');
    vi.advanceTimersByTime(1000);
    channel.all(CONNECTING);
    vi.advanceTimersByTime(20_500 + 1600 * 1.2);
    expect(channel.further).toHaveLength(1);
    channel.further[0]?.become(READY);
    expect(channel.pick()).toBe(A);
  });

  test('have no successor once the endpoint is gone', () => {
    const channel = new SimulatedChannel(POLICY);
    channel.update(ENDPOINTS.slice(0, 1));
    channel.all(CONNECTING);
    vi.advanceTimersByTime(20_500);
    channel.update(ENDPOINTS.slice(1));
    vi.advanceTimersByTime(5000);
    expect(channel.further).toHaveLength(0);
  });

  test('each has its own 20 s', () => {
    const channel = new SimulatedChannel({ custom_round_robin: {} });
    channel.update(ENDPOINTS.slice(0, 1));
    vi.advanceTimersByTime(15_000);
    channel.update(ENDPOINTS);
    vi.advanceTimersByTime(15_000);
    expect(channel.state).toBe('CONNECTING');
    vi.advanceTimersByTime(6000);
    expect(channel.state).toBe('TRANSIENT_FAILURE');
  });
});

describe('after destroy', () => {
  test('every reference is released, and nothing is published, called back or left to fire', async () => {
    vi.useFakeTimers();
    try {
      let updates = 0;
      definePolicy({
        name: 'counts_updates',
        createPicker: (_, { wakeAfter }) => {
          updates++;
          wakeAfter(1000);
          return undefined;
        },
      }).register();
      for (const policy of [POLICY, { counts_updates: {} }]) {
        const channel = new SimulatedChannel(policy);
        channel.update(ENDPOINTS);
        channel.subchannel(A).become(READY);
        channel.subchannel(B).become(TRANSIENT_FAILURE, 'refused');
        channel.policy.destroy();
        const published = channel.publications.length;
        const seen = updates;
        expect(channel.refs).toBe(0);
        channel.all(READY);
        channel.all(IDLE);
        vi.advanceTimersByTime(60_000);
        expect(channel.publications).toHaveLength(published);
        expect(updates).toBe(seen);
        expect([...channel.subchannels.values()].map(({ listeners }) => listeners.size)).toEqual([0, 0, 0]);
      }
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
