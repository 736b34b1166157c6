/**
 * Whoever hears of an event may act in it: close the channel, or have it updated. A policy's hooks are called in the middle
 * of a change and must not, but where they do, nothing is left behind either, and the newest list counts.
 */

import { type experimental, connectivityState as State } from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { untilState } from '@petiole/test-kit/clients';
import { HealthServer } from '@petiole/test-kit/health-server';
import { hear } from '@petiole/test-kit/hear';
import { startFleet } from '@petiole/test-kit/servers';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  customRoundRobin,
  definePolicy,
  type EndpointEvent,
  leastRequest,
  type PolicyDefinition,
} from '../../src/index.js';
import { openChannel } from '../support/fleet.js';
import type { TestChannel } from '../support/test-channel.js';

customRoundRobin.register();
leastRequest.register();

type Endpoint = experimental.Endpoint;

const POLICY = customRoundRobin({ repeatCount: 1, readyTimeout: '0s' });
const HEALTH_ATTRIBUTE = 'grpc.internal.no_subchannel.petiole.health_check_service_name';
const PATIENCE = { timeout: 10_000 };
const { endpoints } = SimulatedChannel;

/** Does something once, in the first event that tells of that state or status; resolves when it is done. */
function onFirst(to: string, act: () => void): Promise<void> {
  return new Promise((resolve) => {
    const stop = hear<EndpointEvent>(['petiole.endpoint.state', 'petiole.health.status'], (event) => {
      if (event.to !== to) return;
      stop();
      act();
      resolve();
    });
  });
}

/** What a policy could hold on to. */
const held = (channel: SimulatedChannel): object => ({
  refs: channel.refs,
  listeners: [...channel.subchannels.values()].reduce((sum, { listeners }) => sum + listeners.size, 0),
});
const NOTHING = { refs: 0, listeners: 0 };

describe('an event that closes the channel leaves nothing behind', () => {
  test.each(['CONNECTING', 'READY', 'IDLE', 'TRANSIENT_FAILURE'] as const)('of %s', async (state) => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const channel = new SimulatedChannel(POLICY);
    onFirst(state, () => channel.policy.destroy());
    channel.update(endpoints(3));
    channel.all(State.READY);
    channel.all(state === 'READY' ? State.IDLE : State[state]);
    await told();
    expect(held(channel)).toEqual(NOTHING);
    const published = channel.publications.length;
    await vi.runAllTimersAsync();
    expect(channel.publications).toHaveLength(published);
  });

  test('of the end of an endpoint, while a policy that waits is given up for the next one', async () => {
    const channel = new SimulatedChannel(leastRequest());
    channel.update(endpoints(2));
    channel.all(State.READY);
    channel.update(endpoints(3), { policy: customRoundRobin() });
    onFirst('SHUTDOWN', () => channel.policy.destroy());
    channel.update(endpoints(3));
    await told();
    expect(held(channel)).toEqual(NOTHING);
  });

  test('of the end of an endpoint, as the channel goes idle: it stays closed', async () => {
    const [backend] = (await startFleet(1)) as [Backend];
    const channel = openChannel({
      endpoints: [backend.endpoint()],
      policy: POLICY,
      channelOptions: { 'grpc.client_idle_timeout_ms': 1000 },
    });
    await channel.unary();
    await onFirst('SHUTDOWN', () => channel.close());
    await untilState(channel, 'SHUTDOWN');
    await new Promise(setImmediate);
    await untilState(channel, 'SHUTDOWN');
    await vi.waitFor(() => expect(backend.connections).toBe(0), PATIENCE);
  });

  const waysToEnd: Record<string, (channel: TestChannel, backend: Backend) => void> = {
    'its connection is lost': (_, backend) => backend.crash(),
    'the resolver drops its endpoint': ({ resolver }) => resolver.push([]),
    'health checking is switched off': ({ resolver }, backend) =>
      resolver.push([backend.endpoint()], { [HEALTH_ATTRIBUTE]: null }),
  };
  test.each(Object.entries(waysToEnd))('of the end of a Watch, because %s', async (_, end) => {
    const health = new HealthServer();
    health.onWatch = (stream) => stream.answer('SERVING');
    const backends = (await startFleet(2, { services: health.addTo })) as [Backend, Backend];
    const channel = openChannel({
      endpoints: backends.map((backend) => backend.endpoint()),
      policy: POLICY,
      serviceConfig: { healthCheckConfig: { serviceName: 'echo' } },
    });
    await channel.untilServedBy(backends.map(({ peer }) => peer));
    const closed = onFirst('ENDED', () => channel.close());
    end(channel, backends[0]);
    await closed;
    await vi.waitFor(() => expect(backends.map(({ connections }) => connections)).toEqual([0, 0]), PATIENCE);
    await untilState(channel, 'SHUTDOWN');
  });
});

describe('an event that has the channel updated', () => {
  test('of the first report of an update: the newer list counts', async () => {
    const channel = new SimulatedChannel(POLICY);
    onFirst('CONNECTING', () => channel.update(endpoints(1)));
    channel.update(endpoints(6));
    await told();
    channel.all(State.READY);
    expect(new Set(channel.picks(4)).size).toBe(1);
    expect(channel.refs).toBe(1);
    channel.policy.destroy();
    expect(held(channel)).toEqual(NOTHING);
  });
});

let names = 0;
/** A channel with a policy that has this hook; it sends to the first READY endpoint. */
function openWith(
  hooks: Partial<PolicyDefinition<Record<never, never>, unknown, unknown>>,
): SimulatedChannel {
  const policy = definePolicy<Record<never, never>, unknown, unknown>({
    name: `reentrant_${names++}`,
    createPicker: (ready) => ready[0] && { pick: () => ready[0]?.pickResult as never },
    ...hooks,
  });
  policy.register();
  return new SimulatedChannel(policy());
}

/** The same, with a policy that does something once, when it makes the third endpoint's data. */
function openWithData(act: (channel: SimulatedChannel) => void): SimulatedChannel {
  let made = 0;
  const channel = openWith({
    createData: () => {
      made++;
      if (made === 3) act(channel);
    },
  });
  return channel;
}

describe('a hook of the policy that closes the channel leaves nothing behind', () => {
  test('createMemory', () => {
    const channel = openWith({ createMemory: () => channel.policy.destroy() });
    channel.update(endpoints(3));
    expect(held(channel)).toEqual(NOTHING);
  });

  test('createData', () => {
    const channel = openWithData(({ policy }) => policy.destroy());
    channel.update(endpoints(5));
    expect(held(channel)).toEqual(NOTHING);
  });

  test('update, on a new connection: pick_first, which goes on, has released nothing that it asks to connect', async () => {
    const channel = openWith({
      createPicker(_, { readyCount }) {
        if (readyCount > 0) channel.policy.destroy();
        return undefined;
      },
    });
    channel.update(endpoints(1));
    const subchannel = channel.subchannel('10.0.0.0:1');
    const refs: number[] = [];
    subchannel.startConnecting = () => refs.push(subchannel.refs);
    subchannel.become(State.READY);
    expect(refs).toEqual([1]);
    await told();
    expect(held(channel)).toEqual(NOTHING);
  });
});

describe('a hook of the policy that has the channel updated', () => {
  test('createData: the order of the newer list holds', async () => {
    const [a, b, c, d, e] = endpoints(5) as [Endpoint, Endpoint, Endpoint, Endpoint, Endpoint];
    const channel = openWithData((one) => one.update([a, b]));
    channel.update([a, b]);
    channel.update([c, b, a, d, e]);
    channel.all(State.READY);
    expect(channel.pick()).toBe('10.0.0.0:1');
    channel.subchannel('10.0.0.0:1').become(State.IDLE);
    expect(channel.pick()).toBe('10.0.0.1:1');
    // Until it is being connected again.
    await told();
    channel.subchannel('10.0.0.0:1').become(State.READY);
    expect(channel.pick()).toBe('10.0.0.0:1');
  });

  test('createData: the newer list counts, and is counted right', () => {
    const channel = openWithData((one) => one.update(endpoints(1)));
    channel.update(endpoints(5));
    channel.all(State.TRANSIENT_FAILURE);
    expect(channel.refs).toBe(1);
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    channel.policy.destroy();
    expect(held(channel)).toEqual(NOTHING);
  });
});
