/** The rule of Envoy's zone-aware routing, as if all zones had equally many clients. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { zoneShares } from '../../../src/policies/picking/zone-shares.js';

const sharesOf = (own: string, counts: Record<string, number>) =>
  Object.fromEntries(zoneShares(own, new Map(Object.entries(counts))));

describe('the shares of the zones', () => {
  test.each([
    ['as many everywhere', { a: 2, b: 2, c: 2 }, { a: 1 }],
    ['more than its part at home', { a: 4, b: 1, c: 1 }, { a: 1 }],
    ['one zone alone', { a: 6 }, { a: 1 }],
    ['half of its part at home', { a: 1, b: 3, c: 2 }, { a: 0.5, b: 0.5 }],
    ['the rest by what others have above their part', { a: 0, b: 4, c: 5, d: 3 }, { b: 1 / 3, c: 2 / 3 }],
    ['nobody at home', { a: 0, b: 3, c: 3 }, { b: 0.5, c: 0.5 }],
    ['a zone without endpoints', { b: 3, c: 3 }, { b: 0.5, c: 0.5 }],
    ['a zone that is down elsewhere', { a: 3, b: 3, c: 0 }, { a: 1 }],
  ])('%s', (_, counts, shares) => {
    const found = sharesOf('a', counts);
    expect(Object.keys(found)).toEqual(Object.keys(shares));
    for (const [zone, share] of Object.entries(shares)) expect(found[zone]).toBeCloseTo(share);
  });

  test('add up to 1, and where each zone has as many clients, each endpoint bears the same', () => {
    const zones = fc.array(fc.nat({ max: 50 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(zones, (sizes) => {
        fc.pre(sizes.some((size) => size > 0));
        const counts = new Map(sizes.map((size, i) => [`${i}`, size]));
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const load = new Map<string, number>();
        for (const own of counts.keys()) {
          const shares = zoneShares(own, counts);
          expect([...shares.values()].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
          for (const [zone, share] of shares) load.set(zone, (load.get(zone) ?? 0) + share / counts.size);
        }
        for (const [zone, size] of counts) expect(load.get(zone) ?? 0).toBeCloseTo(size / total);
      }),
    );
  });
});
