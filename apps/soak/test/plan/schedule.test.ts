import { describe, expect, test } from 'vitest';
import { FAULT_KINDS, type Incident, planIncidents } from '../../src/plan/schedule.js';

describe('the schedule', () => {
  const plan = (seed: number, count: number): Incident[] => {
    const incidents: Incident[] = [];
    for (const incident of planIncidents(seed, FAULT_KINDS)) {
      if (incidents.push(incident) === count) break;
    }
    return incidents;
  };

  test('is the same for the same seed, and another for another', () => {
    expect(plan(7, 100)).toEqual(plan(7, 100));
    expect(plan(7, 100)).not.toEqual(plan(8, 100));
  });

  test('has every kind of fault in each round of kinds, and never two faults on one server', () => {
    for (const { faults } of plan(7, 200)) {
      expect(new Set(faults.map(({ server }) => server)).size).toBe(faults.length);
    }
    const incidents = plan(7, 10 * FAULT_KINDS.length);
    for (let round = 0; round < 10; round++) {
      const first = incidents.slice(round * FAULT_KINDS.length, (round + 1) * FAULT_KINDS.length);
      expect(new Set(first.map(({ faults: [fault] }) => fault?.kind))).toEqual(new Set(FAULT_KINDS));
    }
  });
});
