import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseSubset } from '../../../src/policies/picking/rendezvous.js';
import { randomHash } from '../../../src/policies/picking/xxh64.js';
import { hashOf, readVectors } from '../../oracles/vectors.js';

test('a seed chooses the endpoints that it chooses in grpc-go, in the same order', () => {
  const { endpoints, subsets } = readVectors('random-subsetting');
  const list = endpoints.map((addresses, index) => ({ addresses, index }));
  expect(subsets.length).toBeGreaterThan(0);
  for (const { seed, subsetSize, subset } of subsets) {
    const chosen = chooseSubset(list, subsetSize, hashOf(seed)).map(({ index }) => index);
    expect.soft(chosen, `seed ${seed}, subsetSize ${subsetSize}`).toEqual(subset);
  }
});

const endpoint = fc
  .integer({ min: 0, max: 999 })
  .map((host) => ({ addresses: [`10.0.0.${host}:1`, '10.1.1.1:1'] }));
const endpoints = fc.uniqueArray(endpoint, {
  selector: ({ addresses }) => addresses[0],
  minLength: 1,
  maxLength: 40,
});
const seed = fc.record({
  high: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  low: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});
const subsetSize = fc.integer({ min: 1, max: 20 });

test('when one endpoint joins or leaves, at most one place of the subset changes hands', () => {
  fc.assert(
    fc.property(endpoints, seed, subsetSize, fc.nat(), (list, seed, size, at) => {
      const gone = list[at % list.length];
      const before = chooseSubset(list, size, seed);
      const after = chooseSubset(
        list.filter((each) => each !== gone),
        size,
        seed,
      );
      expect(before.filter((each) => each !== gone && !after.includes(each))).toEqual([]);
      expect(after.filter((each) => !before.includes(each)).length).toBeLessThanOrEqual(1);
    }),
  );
});

test('a subset has as many different endpoints as it may have, whatever the order of the list', () => {
  const shuffled = endpoints.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(shuffled, seed, subsetSize, ([list, other], seed, size) => {
      const subset = chooseSubset(list, size, seed);
      expect(new Set(subset).size).toBe(Math.min(size, list.length));
      expect(new Set(chooseSubset(other, size, seed))).toEqual(new Set(subset));
    }),
  );
});

test('100 clients that choose 3 of 10 servers leave none alone, and crowd none', () => {
  const servers = Array.from({ length: 10 }, (_, index) => ({ addresses: [`10.0.0.${index}:1`], index }));
  for (let run = 0; run < 20; run++) {
    const connections = new Array<number>(10).fill(0);
    for (let client = 0; client < 100; client++) {
      for (const { index } of chooseSubset(servers, 3, randomHash()))
        connections[index] = (connections[index] ?? 0) + 1;
    }
    // A server has 30 on average, with a standard deviation of 4.6: six of them off is one of 10^9.
    expect(Math.min(...connections)).toBeGreaterThan(2);
    expect(Math.max(...connections)).toBeLessThan(58);
  }
});
