import fc from 'fast-check';
import { expect, test } from 'vitest';
import { slowStartFactor } from '../../../src/policies/picking/slow-start.js';

const slowStart = fc.record({
  window: fc.integer({ min: 1, max: 600_000 }),
  aggression: fc.double({ min: 0.1, max: 10, noNaN: true }),
  minWeightPercent: fc.integer({ min: 0, max: 100 }),
});

test("an endpoint's weight grows in a straight line from its minimum", () => {
  const config = { window: 30_000, aggression: 1, minWeightPercent: 10 };
  const factors = [0, 1500, 3000, 6000, 15_000, 27_000, 30_000, 1e9].map((age) =>
    slowStartFactor(age, config),
  );
  expect(factors).toEqual([0.1, 0.1, 0.1, 0.2, 0.5, 0.9, 1, 1]);
});

test('an endpoint that joins right now has a weight, also without a minimum', () => {
  expect(slowStartFactor(0, { window: 10_000, aggression: 1, minWeightPercent: 0 })).toBe(0.0001);
});

test('an aggression above 1 gives more at first, one below 1 less', () => {
  const config = { window: 10_000, minWeightPercent: 0 };
  expect(slowStartFactor(2500, { ...config, aggression: 2 })).toBe(0.5);
  expect(slowStartFactor(5000, { ...config, aggression: 0.5 })).toBe(0.25);
});

test('the factor never falls, is above 0 and at least the minimum, and is 1 when the window has passed', () => {
  fc.assert(
    fc.property(slowStart, fc.array(fc.integer({ min: 0, max: 700_000 })), (config, ages) => {
      let last = Number.MIN_VALUE;
      for (const age of ages.sort((a, b) => a - b)) {
        const factor = slowStartFactor(age, config);
        expect(factor).toBeGreaterThanOrEqual(Math.max(last, config.minWeightPercent / 100));
        expect(factor).toBeLessThanOrEqual(1);
        last = factor;
      }
      expect(slowStartFactor(config.window, config)).toBe(1);
    }),
  );
});
