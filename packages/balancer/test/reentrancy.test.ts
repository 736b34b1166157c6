/**
 * Whoever hears of a report, or makes an endpoint's data, may close the channel or have it updated from within:
 * nothing is left behind, and the newest list counts.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type experimental, connectivityState as State } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  customRoundRobin,
  definePolicy,
  type EndpointEvent,
  registerCustomRoundRobin,
} from '../src/index.js';
import { atEnd } from './fleet.js';
import { SimulatedChannel } from './simulated-channel.js';

registerCustomRoundRobin();

type Endpoint = experimental.Endpoint;

const POLICY = customRoundRobin({ repeatCount: 1, readyTimeout: '0s' });
const { endpoints } = SimulatedChannel;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Does something once, from within the first event to that state. */
function onFirst(to: keyof typeof State, act: () => void): void {
  const listener = (message: unknown): void => {
    if ((message as EndpointEvent).to !== to) return;
    stop();
    act();
  };
  const stop = (): void => void unsubscribe('petiole.endpoint.state', listener);
  subscribe('petiole.endpoint.state', listener);
  atEnd(stop);
}

let names = 0;
/** A channel with a policy that does something once, when it makes the third endpoint's data. */
function openWithData(act: (channel: SimulatedChannel) => void): SimulatedChannel {
  let made = 0;
  const policy = definePolicy({
    name: `reentrant_${names++}`,
    parseConfig: () => ({}),
    createData: () => {
      made++;
      if (made === 3) act(channel);
    },
    update: ({ ready }) => ready()[0] && { pick: () => ready()[0]?.pickResult as never },
  });
  policy.register();
  const channel = new SimulatedChannel(policy.config());
  return channel;
}

/** What a policy could hold on to. */
const held = (channel: SimulatedChannel): object => ({
  refs: channel.refs,
  listeners: [...channel.subchannels.values()].reduce((sum, { listeners }) => sum + listeners.size, 0),
});
const NOTHING = { refs: 0, listeners: 0 };

describe('closed', () => {
  test('by the first report of an update', async () => {
    const channel = new SimulatedChannel(POLICY);
    onFirst('CONNECTING', () => channel.policy.destroy());
    channel.update(endpoints(5));
    expect(held(channel)).toEqual(NOTHING);
    const published = channel.publications.length;
    await vi.runAllTimersAsync();
    expect(channel.publications).toHaveLength(published);
  });

  test('by the making of an endpoint', () => {
    const channel = openWithData(({ policy }) => policy.destroy());
    channel.update(endpoints(5));
    expect(held(channel)).toEqual(NOTHING);
  });

  test('by the loss of a connection: no request for re-resolution is left', () => {
    const channel = new SimulatedChannel(POLICY);
    channel.update(endpoints(2));
    channel.all(State.READY);
    onFirst('IDLE', () => channel.policy.destroy());
    channel.all(State.IDLE);
    expect(held(channel)).toEqual(NOTHING);
    vi.runAllTicks();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('and updated by the end of an endpoint', () => {
    const channel = new SimulatedChannel(POLICY);
    channel.update(endpoints(3));
    channel.all(State.READY);
    onFirst('SHUTDOWN', () => channel.update(endpoints(8).slice(4)));
    channel.policy.destroy();
    expect(held(channel)).toEqual(NOTHING);
  });
});

describe('updated', () => {
  test('by the first report of an update: the newer list counts', () => {
    const channel = new SimulatedChannel(POLICY);
    onFirst('CONNECTING', () => channel.update(endpoints(1)));
    channel.update(endpoints(6));
    channel.all(State.READY);
    expect(new Set(channel.picks(4)).size).toBe(1);
    expect(channel.refs).toBe(1);
    channel.policy.destroy();
    expect(held(channel)).toEqual(NOTHING);
  });

  test('by the making of an endpoint: the order of the newer list holds', async () => {
    const [a, b, c, d, e] = endpoints(5) as [Endpoint, Endpoint, Endpoint, Endpoint, Endpoint];
    const channel = openWithData((one) => one.update([a, b]));
    channel.update([a, b]);
    channel.update([c, b, a, d, e]);
    channel.all(State.READY);
    expect(channel.pick()).toBe('10.0.0.0:1');
    channel.subchannel('10.0.0.0:1').become(State.IDLE);
    expect(channel.pick()).toBe('10.0.0.1:1');
    // Until it is being connected again.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    channel.subchannel('10.0.0.0:1').become(State.READY);
    expect(channel.pick()).toBe('10.0.0.0:1');
  });

  test('by the making of an endpoint: the newer list counts, and is counted right', () => {
    const channel = openWithData((one) => one.update(endpoints(1)));
    channel.update(endpoints(5));
    channel.all(State.TRANSIENT_FAILURE);
    expect(channel.refs).toBe(1);
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    channel.policy.destroy();
    expect(held(channel)).toEqual(NOTHING);
  });
});
