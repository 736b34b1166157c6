import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PeakEwma } from '../../../src/policies/picking/peak-ewma.js';

const OPTIONS = { decayTime: 10_000, defaultRtt: 30, errorPenalty: 1000 };

function observed(...durations: number[]): PeakEwma {
  const latency = new PeakEwma(OPTIONS);
  for (const duration of durations) latency.observe(duration, false, 0);
  return latency;
}

test('an endpoint that has never answered is tried at once, then costs what the default says; a known one what its first answer took', () => {
  expect(observed().cost(0, 1, 0)).toBe(0);
  expect(observed().cost(1, 1, 0)).toBe(30 * 2);
  expect(observed(5).cost(0, 1, 0)).toBe(5);
});

test('the cost is proportional to the RPCs in flight with the new one, and to the inverse of the weight', () => {
  expect(observed(5).cost(3, 1, 0)).toBe(20);
  expect(observed(5).cost(3, 4, 0)).toBe(5);
  expect(observed(5).cost(0, 0.1, 0)).toBe(50);
});

test('a late answer counts at once, early ones only little by little', () => {
  const latency = observed(5);
  latency.observe(500, false, 100);
  expect(latency.cost(0, 1, 100)).toBe(500);
  latency.observe(5, false, 110);
  expect(latency.cost(0, 1, 110)).toBeGreaterThan(490);
  for (let now = 200; now <= 60_000; now += 100) latency.observe(5, false, now);
  expect(latency.cost(0, 1, 60_000)).toBeLessThan(7);
});

test('after the decay time without an answer, an idle endpoint costs 37 % of what it did', () => {
  expect(observed(60).cost(0, 1, 10_000)).toBeCloseTo(60 / Math.E);
  expect(observed(60).cost(0, 1, 60_000)).toBeLessThan(0.2);
});

test('an endpoint that owes answers never becomes cheaper than an unknown one, or than it was', () => {
  expect(observed(60).cost(1, 1, 600_000)).toBe(30 * 2);
  expect(observed(5).cost(1, 1, 600_000)).toBe(5 * 2);
  expect(observed().cost(1, 1, 600_000)).toBe(30 * 2);
});

test('a failure costs the penalty, or its time if that is longer', () => {
  const latency = new PeakEwma(OPTIONS);
  latency.observe(1, true, 0);
  expect(latency.cost(0, 1, 0)).toBe(1000);
  latency.observe(5000, true, 0);
  expect(latency.cost(0, 1, 0)).toBe(5000);
});

test('an answer within the resolution of the clock costs more with each RPC in flight', () => {
  expect(observed(0).cost(1, 1, 0)).toBeGreaterThan(observed(0).cost(0, 1, 0));
});

const time = fc.double({ min: 0, max: 1e6, noNaN: true });
const answers = fc.array(fc.record({ after: time, duration: time, failed: fc.boolean() }), { minLength: 1 });

test('an estimate lies between the newest answer and the largest of all, and more RPCs in flight never cost less', () => {
  fc.assert(
    fc.property(answers, fc.nat(100), time, (list, inFlight, later) => {
      const latency = new PeakEwma(OPTIONS);
      let now = 0;
      let largest = 0.001;
      for (const { after, duration, failed } of list) {
        now += after;
        latency.observe(duration, failed, now);
        const counted = failed ? Math.max(duration, OPTIONS.errorPenalty) : duration;
        largest = Math.max(largest, counted);
        expect(latency.cost(0, 1, now)).toBeGreaterThanOrEqual(counted * (1 - 1e-9));
        expect(latency.cost(0, 1, now)).toBeLessThanOrEqual(largest * (1 + 1e-9));
      }
      now += later;
      expect(latency.cost(inFlight + 1, 1, now)).toBeGreaterThanOrEqual(latency.cost(inFlight, 1, now));
    }),
  );
});
