import type { experimental } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressName,
  endpointKey,
  endpointName,
  sameAddresses,
  withoutRepetition,
} from '../../src/internal.js';

type Address = experimental.SubchannelAddress;

const endpoint = (...addresses: Address[]) => ({ addresses });
const unix = (...paths: string[]) => endpoint(...paths.map((path) => ({ path })));

/** Few, and made of what texts of addresses are joined with: so that two that look alike are drawn often. */
const word = fc
  .array(
    fc.constantFrom(
      'a',
      'unix',
      'tcp',
      '1',
      '127.0.0.1',
      '::1',
      '[',
      ']',
      ' ',
      '+',
      ',',
      ':',
      '\0',
      '"',
      '\\',
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(''));
const address: fc.Arbitrary<Address> = fc.oneof(
  word.map((path) => ({ path })),
  fc.record({ host: word, port: fc.constantFrom(1, 11, 50051) }),
);
const addresses = fc.array(address, { minLength: 1, maxLength: 4 });

/** The definition, slow and plain. */
function isSameSet(a: readonly Address[], b: readonly Address[]): boolean {
  const holds = (list: readonly Address[], one: Address) =>
    list.some((other) =>
      'port' in one
        ? 'port' in other && one.port === other.port && one.host === other.host
        : !('port' in other) && one.path === other.path,
    );
  return a.every((one) => holds(b, one)) && b.every((one) => holds(a, one));
}

describe('the key of an endpoint', () => {
  it.each([
    ['NUL in an abstract name | two sockets', unix('\0q\0b'), unix('\0q', 'b')],
    ['two sockets | a path that holds " unix "', unix('x', 'y'), unix('x unix y')],
    ['two sockets | a path that holds "+"', unix('/a', '/b'), unix('/a+/b')],
    [
      'a host and its port | a path that reads like it',
      endpoint({ host: '127.0.0.1', port: 1 }),
      unix('127.0.0.1:1'),
    ],
    ['two sockets | a path that is the key of two', unix('a', 'b'), unix(endpointKey(unix('a', 'b')))],
  ])('tells apart what is written alike: %s', (_, one, other) => {
    expect(endpointKey(one)).not.toBe(endpointKey(other));
    expect(sameAddresses(one, other)).toBe(false);
  });

  it('is the same for the same set of addresses, in any order and with any repetition, and for no other', () => {
    fc.assert(
      fc.property(addresses, addresses, (a, b) => {
        expect(endpointKey(endpoint(...a)) === endpointKey(endpoint(...b))).toBe(isSameSet(a, b));
        expect(endpointKey(endpoint(...a, ...a.toReversed()))).toBe(endpointKey(endpoint(...a)));
      }),
      { numRuns: 5_000 },
    );
  });

  it('is no part of the comparison of two lists: that sees the order and repetitions', () => {
    const [a, b] = [{ path: 'a' }, { path: 'b' }];
    expect(sameAddresses(endpoint(a, b), endpoint({ ...a }, { ...b }))).toBe(true);
    expect(sameAddresses(endpoint(a, b), endpoint(b, a))).toBe(false);
    expect(sameAddresses(endpoint(a), endpoint(a, a))).toBe(false);
  });
});

describe('addresses without repetition', () => {
  it('are the first of each in their order', () => {
    const [a, b] = [{ host: '::1', port: 1 }, { path: '::1:1' }];
    const once = withoutRepetition<Address>([a, b, { ...a }, { ...b }]);
    expect(once).toEqual([a, b]);
    expect(once[0]).toBe(a);
  });

  it('are the very list that repeats nothing', () => {
    const list = [{ path: 'a' }, { path: 'b' }];
    expect(withoutRepetition(list)).toBe(list);
  });
});

describe('the name of an endpoint', () => {
  it('is its addresses as targets write them', () => {
    expect(
      endpointName(endpoint({ host: '::1', port: 1 }, { host: 'a.test', port: 2 }, { path: '/run/echo' })),
    ).toBe('[::1]:1+a.test:2+/run/echo');
    expect(addressName({ host: 'fe80::1%eth0', port: 443 })).toBe('[fe80::1%eth0]:443');
  });
});
