/** Which differences between loads that took turns are chance. */
import { expect, test } from 'vitest';
import { noise, SLICES } from '../../src/load/noise.js';

const load = (rate: (round: number) => number) => ({
  slices: Array.from({ length: SLICES }, (_, round) => rate(round)),
});

test('a machine that is slower for a while is no noise: it was slower for each load', () => {
  const drifting = (factor: number) => load((round) => factor * (round < 5 ? 100 : 1_000 + round));
  expect(noise([drifting(1), drifting(1)])).toBeCloseTo(0);
});

test('loads that scatter differ by chance, by as much as their slices differ within the rounds', () => {
  const steady = load(() => 1_000);
  const scattered = load((round) => 1_000 + (round % 2 === 0 ? 100 : -100));
  // 2.09 standard errors of differences of ±100, which are 100 / √19 each.
  expect(noise([steady, scattered])).toBeCloseTo((2.09 * 100) / Math.sqrt(19) / 1_000, 5);
  expect(noise([steady, steady, scattered])).toBe(noise([steady, scattered]));
});

test('one load, or loads that were cut short, compare with nothing', () => {
  expect(noise([load(() => 1)])).toBeUndefined();
  expect(noise([load(() => 1), { slices: [1, 2] }])).toBeUndefined();
});
