/**
 * Endpoint events on node:diagnostics_channel: their sequence through an
 * endpoint's life, and the reasons that answer why it is out.
 */

import {
  type experimental,
  type LoadBalancingConfig,
  connectivityState as State,
  status,
} from '@grpc/grpc-js';
import { untilState } from '@petiole/test-kit/clients';
import { hear } from '@petiole/test-kit/hear';
import { startBackend } from '@petiole/test-kit/servers';
import { SimulatedChannel, SimulatedSubchannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { HealthImplementation } from 'grpc-health-check';
import { describe, expect, test, vi } from 'vitest';
import { HealthCheckedSubchannel } from '../../src/health/checked-subchannel.js';
import { customRoundRobin } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';
import { SimulatedWatchChannel } from '../support/simulated-watch.js';

customRoundRobin.register();

const POLICY = customRoundRobin({ repeatCount: 1, readyTimeout: '0s' });
const TARGET_ATTRIBUTE = 'grpc.internal.no_subchannel.petiole.target';

describe('the life of an endpoint', () => {
  test('connects, is killed, refuses, returns, and its channel closes', async () => {
    const backend = await startBackend();
    const { peer } = backend;
    const log = EventLog.start();
    const channel = openChannel({ endpoints: [backend.endpoint()], policy: POLICY });
    await channel.unary();
    backend.kill();
    await log.event(peer, 'TRANSIENT_FAILURE');
    await backend.restart();
    await untilState(channel, 'READY');
    channel.close();
    await told();
    expect(log.lines(peer)).toEqual([
      'state IDLE -> CONNECTING: connecting',
      `state CONNECTING -> READY: connected to ${peer}`,
      'state READY -> IDLE: connection lost',
      'state IDLE -> CONNECTING: connecting',
      `state CONNECTING -> TRANSIENT_FAILURE: connect ECONNREFUSED ${peer}`,
      `state TRANSIENT_FAILURE -> READY: connected to ${peer}`,
      'state READY -> SHUTDOWN: policy destroyed',
    ]);
  });

  test('the resolver adds it and removes it', async () => {
    const [kept, removed] = [await startBackend(), await startBackend()];
    const channel = openChannel({ endpoints: [kept.endpoint()], policy: POLICY });
    await channel.unary();
    const log = EventLog.start();
    channel.resolver.push([kept.endpoint(), removed.endpoint()]);
    await log.event(removed.peer, 'READY');
    channel.resolver.push([kept.endpoint()]);
    await told();
    expect(log.lines()).toEqual([
      'state IDLE -> CONNECTING: connecting',
      `state CONNECTING -> READY: connected to ${removed.peer}`,
      'state READY -> SHUTDOWN: removed by the resolver',
    ]);
  });

  test('its health changes: the cause comes before the effect', async () => {
    const health = new HealthImplementation({ echo: 'SERVING' });
    const backend = await startBackend({ services: (server) => health.addToServer(server) });
    const { peer } = backend;
    const log = EventLog.start();
    const channel = openChannel({
      endpoints: [backend.endpoint()],
      policy: POLICY,
      serviceConfig: { healthCheckConfig: { serviceName: 'echo' } },
    });
    await channel.unary();
    health.setStatus('echo', 'NOT_SERVING');
    await log.event(peer, 'TRANSIENT_FAILURE');
    health.setStatus('echo', 'SERVING');
    await untilState(channel, 'READY');
    channel.resolver.push([]);
    await told();
    expect(log.lines(peer)).toEqual([
      'state IDLE -> CONNECTING: connecting',
      'health PENDING -> SERVING: health check: SERVING',
      `state CONNECTING -> READY: connected to ${peer}`,
      'health SERVING -> NOT_SERVING: health check: NOT_SERVING',
      'state READY -> TRANSIENT_FAILURE: health check: NOT_SERVING',
      'health NOT_SERVING -> SERVING: health check: SERVING',
      'state TRANSIENT_FAILURE -> READY: health check: SERVING',
      'health SERVING -> ENDED: the connection is no longer in use',
      'state READY -> SHUTDOWN: removed by the resolver',
    ]);
  });

  test('outlier_detection ejects it and lets it return', async () => {
    let failing = true;
    const backend = await startBackend({
      unary: (call, callback) =>
        failing ? callback({ code: status.INTERNAL, details: 'ill' }) : callback(null, call.request),
    });
    const { peer } = backend;
    const policy: LoadBalancingConfig = {
      outlier_detection: {
        interval: { seconds: 0, nanos: 50_000_000 },
        base_ejection_time: { seconds: 0, nanos: 50_000_000 },
        max_ejection_time: { seconds: 0, nanos: 50_000_000 },
        max_ejection_percent: 100,
        failure_percentage_ejection: {
          threshold: 1,
          enforcement_percentage: 100,
          minimum_hosts: 1,
          request_volume: 1,
        },
        child_policy: [POLICY],
      },
    };
    const log = EventLog.start();
    const channel = openChannel({ endpoints: [backend.endpoint()], policy });
    await expect(channel.unary()).rejects.toThrow('ill');
    failing = false;
    await log.event(peer, 'TRANSIENT_FAILURE');
    await untilState(channel, 'READY');
    expect(log.lines(peer).slice(2, 4)).toEqual([
      'state READY -> TRANSIENT_FAILURE: marked unhealthy by the policy above (outlier_detection)',
      `state TRANSIENT_FAILURE -> READY: connected to ${peer}`,
    ]);
  });
});

test('events come when the change is over, in order, each with the state that it tells of', async () => {
  const log = EventLog.start();
  const channel = new SimulatedChannel(POLICY);
  channel.update(SimulatedChannel.endpoints(1));
  channel.all(State.CONNECTING);
  channel.all(State.READY);
  channel.policy.destroy();
  expect(log.events).toEqual([]);
  await told();
  expect(log.events.map(({ from, to }) => [from, to])).toEqual([
    ['IDLE', 'CONNECTING'],
    ['CONNECTING', 'READY'],
    ['READY', 'SHUTDOWN'],
  ]);
});

test('an endpoint of another order of addresses goes on under its new name, and its old name goes to SHUTDOWN', async () => {
  const [A, B] = ['10.0.0.1:1', '10.0.0.2:1'];
  const log = EventLog.start();
  const channel = new SimulatedChannel(POLICY);
  const send = (...lists: string[][]) =>
    channel.update(lists.map((addresses) => SimulatedChannel.endpoint(...addresses)));
  send([A, B]);
  channel.subchannel(A).become(State.READY);
  send([B, A], [A, B]);
  send([B, A]);
  channel.policy.destroy();
  await told();
  expect(log.lines(`${A}+${B}`).slice(1)).toEqual([
    `state CONNECTING -> READY: connected to ${A}`,
    `state READY -> SHUTDOWN: its addresses have changed to ${B}+${A}`,
  ]);
  expect(log.lines(`${B}+${A}`)).toEqual([
    `state IDLE -> READY: its addresses have changed from ${A}+${B}`,
    'state READY -> SHUTDOWN: policy destroyed',
  ]);
});

describe('the message', () => {
  test('is a plain object of five fields, with the target that the resolver tells', async () => {
    const backend = await startBackend();
    const messages: unknown[] = [];
    hear(['petiole.endpoint.state'], (message) => messages.push(message));
    const channel = openChannel({
      endpoints: [backend.endpoint()],
      policy: POLICY,
      channelOptions: { [TARGET_ATTRIBUTE]: 'static:the-target' },
    });
    await channel.unary();
    expect(messages[0]).toStrictEqual({
      target: 'static:the-target',
      endpoint: backend.peer,
      from: 'IDLE',
      to: 'CONNECTING',
      reason: 'connecting',
    });
    expect(Object.getPrototypeOf(messages[0])).toBe(Object.prototype);
  });

  test('has no target behind a resolver that tells none', async () => {
    const backend = await startBackend();
    const log = EventLog.start();
    await openChannel({ endpoints: [backend.endpoint()], policy: POLICY }).unary();
    expect(log.events[0]).toHaveProperty('target', undefined);
  });

  test('names all addresses of an endpoint that has several', async () => {
    const log = EventLog.start();
    const channel = new SimulatedChannel(POLICY);
    channel.update([SimulatedChannel.endpoint('[::1]:50051', '127.0.0.1:50051')]);
    await told();
    expect(log.events[0]?.endpoint).toBe('[::1]:50051+127.0.0.1:50051');
    channel.policy.destroy();
  });
});

describe('when nobody listens', () => {
  test('a state change reads nothing of what an event would say', async () => {
    let reads = 0;
    const endpoint: experimental.Endpoint = {
      get addresses() {
        reads++;
        return [{ host: '10.0.0.1', port: 1 }];
      },
    };
    const channel = new SimulatedChannel(POLICY);
    channel.update([endpoint]);
    const flap = () => {
      reads = 0;
      channel.all(State.CONNECTING);
      channel.all(State.READY);
      channel.all(State.IDLE);
      return reads;
    };
    expect(flap()).toBe(0);
    // An IDLE endpoint is told to reconnect outside of the report.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const log = EventLog.start();
    expect(flap()).toBeGreaterThan(0);
    await told();
    expect(log.events).not.toHaveLength(0);
    channel.policy.destroy();
  });

  test('a change of health asks nothing about the endpoint', async () => {
    const subchannel = new SimulatedSubchannel('10.0.0.1:1');
    const channel = SimulatedWatchChannel.of(subchannel);
    let asked = 0;
    const wrapper = new HealthCheckedSubchannel(
      subchannel as unknown as experimental.SubchannelInterface,
      'echo',
      {
        started: () => {},
        ended: () => {},
        event: () => {
          asked++;
          return { target: undefined, endpoint: 'it' };
        },
      },
    );
    const watcher = () => {};
    vi.useFakeTimers();
    wrapper.addHealthStateWatcher(watcher);
    channel.watch.answer(1);
    expect(asked).toBe(0);
    // An answer that follows sooner would be kept for a moment.
    vi.advanceTimersByTime(10);
    vi.useRealTimers();
    const log = EventLog.start();
    channel.watch.answer(2);
    expect(asked).toBe(1);
    await told();
    expect(log.lines()).toEqual(['health SERVING -> NOT_SERVING: health check: NOT_SERVING']);
    wrapper.removeHealthStateWatcher(watcher);
  });
});
