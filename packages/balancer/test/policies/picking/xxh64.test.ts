import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareHashes, randomHash, xxh64 } from '../../../src/policies/picking/xxh64.js';
import { hashOf, readVectors } from '../../oracles/vectors.js';

test('a text has the hash that the specification and grpc-go give it, with each seed and at each length', () => {
  expect(xxh64('')).toEqual(hashOf('ef46db3751d8e999'));
  expect(xxh64('a')).toEqual(hashOf('d24ec4f1a98c6e5b'));
  for (const [text, seed, hash] of readVectors('xxh64')) {
    expect.soft(xxh64(text, hashOf(seed)), `${JSON.stringify(text)}, seed ${seed}`).toEqual(hashOf(hash));
  }
});

test('hashes do not depend on what was hashed before', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.string({ maxLength: 2000 }),
      (text, other) => {
        const hash = xxh64(text);
        xxh64(other, { high: 0xffff_ffff, low: 0xffff_ffff });
        expect(xxh64(text)).toEqual(hash);
      },
    ),
  );
});

test('hashes are ordered as unsigned numbers of 64 bits', () => {
  const half = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const hash = fc.record({ high: fc.oneof(half, fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1)), low: half });
  const number = ({ high, low }: { high: number; low: number }) => (BigInt(high) << 32n) | BigInt(low);
  fc.assert(
    fc.property(hash, hash, (a, b) => {
      expect(Math.sign(compareHashes(a, b))).toBe(
        Number(number(a) > number(b)) - Number(number(a) < number(b)),
      );
    }),
  );
});

test('random hashes fill both halves', () => {
  const seen = Array.from({ length: 1000 }, randomHash);
  for (const half of ['high', 'low'] as const) {
    const values = seen.map((hash) => hash[half]);
    expect(values.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32)).toBe(true);
    expect(Math.max(...values)).toBeGreaterThan(2 ** 31);
    expect(new Set(values).size).toBeGreaterThan(990);
  }
});
