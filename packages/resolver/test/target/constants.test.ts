/** Endpoints that can never change are read once. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ReadEndpoints, readEndpoints } from '../../src/target/endpoint.js';
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

it('a list after another is read as it would be alone, whatever has changed', () => {
  const constant = ['10.0.0.1:1', '10.0.0.2:1', '10.0.0.1:1+10.0.0.2:1', '10.0.0.3:0', '/run/echo'].flatMap(
    (text) => {
      const addresses = text.split('+').map((one) => (one.startsWith('/') ? { path: one } : one));
      return [deepFreeze({ addresses }), deepFreeze({ addresses, attributes: { zone: 'a' } })];
    },
  );
  const changing = { addresses: [{ host: '10.0.0.9', port: 1 }] };
  const lists = fc.array(fc.array(fc.constantFrom(...constant, changing), { maxLength: 7 }), {
    maxLength: 9,
  });
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 2 }), (all, maxAddressesPerEndpoint) => {
      const reading = { ...READING, maxAddressesPerEndpoint };
      // The same array each time, as a program may keep one.
      const list: (typeof all)[number] = [];
      let before: ReadEndpoints | undefined;
      for (const [index, inputs] of all.entries()) {
        list.splice(0, list.length, ...inputs);
        changing.addresses = [{ host: '10.0.0.9', port: index + 1 }];
        // What nobody goes on from changes nothing.
        readEndpoints([...list].reverse(), reading, before);
        readEndpoints(list.slice(1), reading, before);
        before = readEndpoints(list, reading, before);
        const { endpoints, refused, cut } = readEndpoints(list, reading);
        expect(before).toMatchObject({ endpoints, refused, cut });
        expect(before.endpoints).toHaveLength(endpoints.length);
        expect(before.addressCount).toBe(endpoints.flatMap(({ addresses }) => addresses).length);
      }
    }),
  );
});

it('an endpoint that a list names again, beside those that stay, is there once', () => {
  const [a, b, c, x] = ['a', 'b', 'c', 'x'].map((name) => deepFreeze({ addresses: [`${name}:1`] }));
  let before: ReadEndpoints | undefined;
  for (const list of ['abc', 'abac', 'abc', 'abxc', 'abxxc', 'abc', 'abxc', 'cabxc']) {
    const inputs = [...list].map((name) => ({ a, b, c, x })[name] ?? '');
    before = readEndpoints(inputs, READING, before);
    const hosts = before.endpoints.map(({ addresses: [first] }) => first && 'host' in first && first.host);
    expect(hosts).toEqual([...new Set(list)]);
  }
});
