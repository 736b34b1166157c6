/** `lastError` of an endpoint: why it is not READY, and nothing else. */
import { connectivityState as State } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { expect, test } from 'vitest';
import { definePolicy, type PolicyEndpoint } from '../../src/index.js';

const [A, B] = ['10.0.0.0:1', '10.0.0.1:1'] as const;

let endpoints: readonly PolicyEndpoint[] = [];
definePolicy({
  name: 'shows_endpoints',
  createPicker: (_, view) => {
    endpoints = view.endpoints;
    return undefined;
  },
}).register();

test('is the newest failure of the endpoint itself, and gone as soon as it is READY', () => {
  const channel = new SimulatedChannel({ shows_endpoints: {} });
  channel.update(SimulatedChannel.endpoints(2));
  const errors = () => endpoints.map(({ lastError }) => lastError);
  expect(errors()).toEqual([undefined, undefined]);
  channel.subchannel(A).become(State.TRANSIENT_FAILURE, 'Error: refused');
  channel.subchannel(B).become(State.TRANSIENT_FAILURE, 'Error: timed out');
  expect(errors()).toEqual(['refused', 'timed out']);
  channel.subchannel(A).become(State.READY);
  expect(errors()).toEqual([undefined, 'timed out']);
  channel.subchannel(A).become(State.IDLE);
  expect(errors()).toEqual([undefined, 'timed out']);
});

test('is one line of a bounded length, whatever a peer has put into it', () => {
  const channel = new SimulatedChannel({ shows_endpoints: {} });
  channel.update(SimulatedChannel.endpoints(1));
  const names = `DNS:a.example\n\u001b[2KE root logged in, ${'DNS:b.example, '.repeat(5000)}`;
  channel.subchannel(A).become(State.TRANSIENT_FAILURE, `Error: not in the certificate: ${names}`);
  const [error] = endpoints.map(({ lastError }) => lastError);
  expect(error).toMatch(/^not in the certificate: DNS:a\.example \\x1b\[2KE root logged in, DNS:b/);
  expect(error?.length).toBeLessThan(1000);
});
