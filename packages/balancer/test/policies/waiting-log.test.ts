/** The line that `custom_round_robin` logs while RPCs wait at its start: when, and how often. */
import { connectivityState as State, setLogger } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { customRoundRobin } from '../../src/index.js';

const { READY, TRANSIENT_FAILURE } = State;
const ENDPOINTS = SimulatedChannel.endpoints(3);
const [A, B, C] = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1'] as const;
const UNSET = 'readyTimeout is not set: RPCs wait until all endpoints are READY.';

const lines: string[] = [];
beforeEach(() => {
  customRoundRobin.register();
  vi.useFakeTimers();
  lines.length = 0;
  setLogger({ error: (line: string) => lines.push(line) });
});
afterEach(() => {
  setLogger(console);
  vi.useRealTimers();
});

function open(): SimulatedChannel {
  const channel = new SimulatedChannel(customRoundRobin());
  channel.update(ENDPOINTS);
  return channel;
}

test('is logged once for each channel, whatever happens to its endpoints while the wait goes on', async () => {
  const channels = [open(), open()];
  vi.advanceTimersByTime(5000);
  await told();
  expect(lines).toHaveLength(2);
  for (const channel of channels) {
    channel.subchannel(A).become(READY);
    channel.subchannel(B).become(TRANSIENT_FAILURE, 'Error: refused');
    channel.subchannel(B).become(READY);
    channel.update(ENDPOINTS);
    expect(channel.state).toBe('CONNECTING');
  }
  vi.advanceTimersByTime(60_000);
  await told();
  expect(lines).toHaveLength(2);
});

test('is not logged while all endpoints have failed, for no RPC waits then; it is when one is READY again', async () => {
  const channel = open();
  channel.all(TRANSIENT_FAILURE, 'Error: refused');
  vi.advanceTimersByTime(60_000);
  channel.update(ENDPOINTS);
  expect(channel.state).toBe('TRANSIENT_FAILURE');
  await told();
  expect(lines).toEqual([]);
  channel.subchannel(A).become(READY);
  expect(channel.state).toBe('CONNECTING');
  await told();
  expect(lines).toEqual([
    `custom_round_robin: waiting for 2 of 3 endpoints: ${B}: refused; ${C}: refused. ${UNSET}`,
  ]);
});
