import type { experimental } from '@grpc/grpc-js';
import { endpointKey, Fingerprints } from '@petiole/service-config/internal';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Known, matchEndpoints } from '../../src/endpoints/matching.js';

const address = (path: string): experimental.SubchannelAddress => ({ path });
const endpoint = (...paths: string[]) => ({ addresses: paths.map(address) });

interface Named extends Known {
  readonly name: string;
}

/** `former('ab', 'a')`: it has these addresses, and a connection to that one. */
const former = (paths: string, connected = ''): Named => ({
  name: paths,
  endpoint: endpoint(...paths),
  connectedTo: [...connected].map(address),
});

const match = (
  list: readonly experimental.Endpoint[],
  formers: readonly Named[],
  gone: readonly Named[] = [],
) => matchEndpoints(list, formers, gone, Fingerprints.of(formers.map((one) => endpointKey(one.endpoint))));

/** As whom each endpoint of a list goes on; `=` before those that keep their connection. */
function heirs(list: readonly string[], formers: readonly Named[], gone: readonly Named[] = []): string[] {
  const endpoints = list.map((paths) => endpoint(...paths));
  const { head, tail, between } = match(endpoints, formers, gone);
  const unchanged = formers.map(({ name }) => `=${name}`);
  const names = between.map((one) =>
    one.is === 'new' ? (one.former?.name ?? 'nobody') : `=${one.child.name}`,
  );
  return [...unchanged.slice(0, head), ...names, ...unchanged.slice(unchanged.length - tail)];
}

describe('an endpoint of a new list goes on as', () => {
  test('the one that has the same addresses, in whatever order, though another one is connected to one of them', () => {
    expect(heirs(['ba', 'ba'], [former('a', 'a'), former('ab')])).toEqual(['=ab']);
  });

  test('the one that has an address in common with it, and has its connection if that goes to an address of it', () => {
    const formers = [former('a'), former('cd', 'd'), former('ef', 'f')];
    expect(heirs(['x', 'ab', 'c', 'f'], formers)).toEqual(['nobody', 'a', 'cd', '=ef']);
  });

  test('the one whose connection goes there, before one that merely has the address', () => {
    expect(heirs(['abc'], [former('a'), former('bx', 'b'), former('c')])).toEqual(['=bx']);
  });

  test('the one with its first address, when two become one', () => {
    expect(heirs(['ab'], [former('b', 'b'), former('a', 'a')])).toEqual(['=a']);
    expect(heirs(['ab'], [former('xb'), former('xa'), former('b')])).toEqual(['xa']);
  });

  test('the whole, when it is the part with the connection, wherever that part stands', () => {
    expect(heirs(['a', 'b', 'c'], [former('abc', 'b')])).toEqual(['nobody', '=abc', 'nobody']);
    expect(heirs(['a', 'b', 'c'], [former('abc')])).toEqual(['abc', 'nobody', 'nobody']);
  });

  test('nobody, when all that it has an address in common with go on as others', () => {
    expect(heirs(['ab', 'ac', 'ad'], [former('a', 'a'), former('xa')])).toEqual(['=a', 'xa', 'nobody']);
  });

  test('one that has left earlier, after those of the last list', () => {
    expect(heirs(['a', 'ab'], [former('xa')], [former('a')])).toEqual(['xa', 'a']);
  });

  test('no one whose connection may go to another address that is written alike', () => {
    const text = '127.0.0.1:1';
    const [tcp, unix] = [{ host: '127.0.0.1', port: 1 }, address(text)];
    const either: Named = { name: 'either', endpoint: { addresses: [tcp, unix] }, connectedTo: [tcp, unix] };
    const [first] = match([{ addresses: [tcp] }], [either]).between;
    expect(first).toMatchObject({ is: 'new', former: { name: 'either' } });
  });
});

describe('a list of which the ends stay', () => {
  const formers = ['a', 'b', 'c', 'd'].map((name) => former(name, name));

  test('costs the endpoints between a look, and the others a comparison', () => {
    const list = ['a', 'b', 'x', 'd'].map((paths) => endpoint(...paths));
    const { head, tail, between, leaving } = match(list, formers);
    expect([head, tail, between.length]).toEqual([2, 1, 1]);
    expect([...leaving].map(({ name }) => name)).toEqual(['c']);
  });

  test('gives an endpoint that it names twice the place where it names it first, and leaves out one without addresses', () => {
    expect(heirs(['a', 'b', 'a', '', 'c', 'd'], formers)).toEqual(['=a', '=b', '=c', '=d']);
    expect(heirs(['d', 'b', 'c', 'd'], formers)).toEqual(['=d', '=b', '=c']);
  });

  test('is matched as one that is looked at as a whole', () => {
    const one = fc.string({ unit: fc.constantFrom(...'abcdef'), maxLength: 2 });
    const sets = fc.uniqueArray(
      fc.uniqueArray(fc.constantFrom(...'abcdef'), { minLength: 1, maxLength: 2 }),
      {
        selector: (paths) => [...paths].sort().join(''),
      },
    );
    fc.assert(
      fc.property(sets, fc.array(one, { maxLength: 12 }), (before, list) => {
        const children = before.map((paths) => former(paths.join('')));
        const keyOf = (paths: string): string => [...new Set(paths)].sort().join('');
        const places = new Map(list.filter(Boolean).map((paths) => [keyOf(paths), paths]));
        const found = heirs(list, children);
        expect(found).toHaveLength(places.size);
        for (const [index, key] of [...places.keys()].entries()) {
          const same = before.find((paths) => keyOf(paths.join('')) === key);
          if (same !== undefined) expect(found[index]).toBe(`=${same.join('')}`);
          else expect(found[index]).not.toMatch(/^=/);
        }
      }),
    );
  });
});
