import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HashRing, type RingMember } from '../../../src/policies/picking/hash-ring.js';
import { compareHashes, type Hash64, xxh64 } from '../../../src/policies/picking/xxh64.js';
import { readVectors } from '../../oracles/vectors.js';

/** The first member from the hash's place onwards that accepts. */
function walk<Member extends RingMember>(
  ring: HashRing<Member>,
  hash: Hash64,
  accepts: (member: Member) => boolean,
) {
  const first = ring.find(hash);
  for (let i = 0; i < ring.size; i++) {
    const member = ring.at(first + i);
    if (accepts(member)) return member;
  }
  return undefined;
}

for (const fleet of readVectors('ring-hash')) {
  test(`a key goes where it goes from a client in Go: ${fleet.name}`, () => {
    const members = fleet.servers.map(({ addresses, hashKey, weight, down }, index) => ({
      hashKey: hashKey ?? (addresses[0] as string),
      weight: weight ?? 1,
      up: !down,
      digit: index.toString(36),
    }));
    // What is above the cap of 4096 counts as the cap.
    const ring = new HashRing(members, Math.min(fleet.minRingSize, 4096), Math.min(fleet.maxRingSize, 4096));
    const keys =
      fleet.values?.map((values) => values.join(',')) ??
      Array.from({ length: fleet.users ?? 0 }, (_, i) => `user-${i}`);
    const answers = keys.map((key) => walk(ring, xxh64(key), ({ up }) => up)?.digit);
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.join('')).toBe(fleet.answers.join(''));
  });
}

const member = fc.record({
  hashKey: fc.string({ unit: 'grapheme', maxLength: 8 }),
  weight: fc.integer({ min: 1, max: 1000 }),
});
const members = fc.uniqueArray(member, { selector: ({ hashKey }) => hashKey, minLength: 1, maxLength: 12 });
const sizes = fc
  .tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 0, max: 200 }))
  .map(([min, more]) => [min, min + more] as const);
const hash = fc.record({
  high: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  low: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});

/** The hash keys of the first entries, or of all. */
function keysOf(ring: HashRing<RingMember>, count = ring.size): string[] {
  return Array.from({ length: count }, (_, i) => ring.at(i).hashKey);
}

test('a ring has as many entries as it may have, and of each member its share of them, but for rounding', () => {
  fc.assert(
    fc.property(members, sizes, (list, [min, max]) => {
      const ring = new HashRing(list, min, max);
      expect(ring.size).toBeGreaterThanOrEqual(min);
      expect(ring.size).toBeLessThanOrEqual(max + 1);
      const total = list.reduce((sum, { weight }) => sum + weight, 0);
      for (const { hashKey, weight } of list) {
        const count = keysOf(ring).filter((key) => key === hashKey).length;
        expect(Math.abs(count - (ring.size * weight) / total)).toBeLessThanOrEqual(2);
      }
    }),
  );
});

test('a hash finds the first entry that is not below it, or else the first of the ring', () => {
  fc.assert(
    fc.property(members, sizes, fc.array(hash, { maxLength: 20 }), (list, [min, max], hashes) => {
      const ring = new HashRing(list, min, max);
      const entries = list
        .flatMap((member) => {
          const count = keysOf(ring).filter((key) => key === member.hashKey).length;
          return Array.from({ length: count }, (_, i) => ({ ...xxh64(`${member.hashKey}_${i}`), member }));
        })
        .sort(compareHashes);
      const near = entries.slice(0, 10).map(({ high, low }) => ({ high, low: (low + 1) >>> 0 }));
      for (const wanted of [...hashes, ...near, ...entries.slice(0, 10)]) {
        const first = entries.findIndex((entry) => compareHashes(entry, wanted) >= 0);
        expect(ring.find(wanted)).toBe(Math.max(0, first));
      }
      // Around the ring, and once more.
      expect(keysOf(ring, 2 * ring.size)).toEqual(
        [...entries, ...entries].map(({ member }) => member.hashKey),
      );
    }),
  );
});

test('the order of the list makes no difference', () => {
  const shuffled = members.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(shuffled, sizes, ([list, other], [min, max]) => {
      const rings = [new HashRing(list, min, max), new HashRing(other, min, max)] as const;
      const [one, two] = rings.map((ring) => keysOf(ring));
      expect(two).toEqual(one);
    }),
  );
});

test('of members with one hash key, the earlier in the list gets the keys and the later stands next to it', () => {
  const list = ['first', 'second', 'third'].map((name) => ({ name, hashKey: 'same', weight: 1 }));
  const ring = new HashRing(list, 30, 30);
  for (let i = 0; i < 100; i++) {
    const found = ring.find(xxh64(`user-${i}`));
    expect([0, 1, 2].map((more) => ring.at(found + more).name)).toEqual(['first', 'second', 'third']);
  }
});
