/** Endpoints that can never change are read once. */
import { expect, it } from 'vitest';
import { readEndpoints } from '../../src/target/endpoint.js';
import { deepFreeze } from '../../src/target/objects.js';

const READING = { maxAddressesPerEndpoint: 32, unixSockets: false };
const read = (input: object, over: Partial<typeof READING> = {}) =>
  readEndpoints([input as { addresses: string[] }], { ...READING, ...over });

it('a frozen endpoint is read once, with its attributes, and others beside it anew', () => {
  const frozen = deepFreeze({ addresses: [{ host: '10.0.0.1', port: 1 }], attributes: { node: 'a' } });
  const first = read(frozen).endpoints[0];
  expect(first).toBeDefined();
  expect(read(frozen).endpoints[0]).toBe(first);
  const open = { addresses: [{ host: '10.0.0.1', port: 1 }], attributes: { node: 'a' } };
  expect(read(open).endpoints[0]).not.toBe(read(open).endpoints[0]);
});

it('an endpoint of which only the outside is frozen is read anew', () => {
  const address = { host: '10.0.0.1', port: 1 };
  const input = Object.freeze({ addresses: Object.freeze([address]) });
  read(input);
  address.host = '10.0.0.2';
  expect(read(input).endpoints[0]?.addresses).toEqual([{ host: '10.0.0.2', port: 1 }]);
});

it('a frozen endpoint that is bad is refused each time, with its place', () => {
  const bad = deepFreeze({ addresses: ['10.0.0.1:0'] });
  for (let i = 0; i < 2; i++) expect(read(bad).refused).toEqual([expect.stringMatching(/^endpoints\[0\]: /)]);
});

it('a frozen endpoint means what the options of each reader say: bounds, and Unix sockets', () => {
  const two = deepFreeze({ addresses: ['10.0.0.1:1', '10.0.0.2:1'] });
  expect(read(two).endpoints[0]?.addresses).toHaveLength(2);
  const { endpoints, cut } = read(two, { maxAddressesPerEndpoint: 1 });
  expect([endpoints[0]?.addresses, cut]).toEqual([[{ host: '10.0.0.1', port: 1 }], 1]);
  expect(read(two).endpoints[0]?.addresses).toHaveLength(2);

  const socket = deepFreeze({ addresses: [{ path: '/run/echo' }] });
  expect(read(socket, { unixSockets: true }).endpoints).toHaveLength(1);
  expect(read(socket).endpoints).toHaveLength(0);
});
