import { describe, expect, test } from 'vitest';
import { EventLoopStalls } from '../../src/findings/event-loop-stalls.js';

describe('a client that stands still', () => {
  test('is told to have stood still as long as it did, at once, which is no stall of the machine', () => {
    const stalls = new EventLoopStalls();
    const from = performance.now();
    stalls.standStill(120);
    const stoodMs = performance.now() - from;
    expect(stalls.sinceMs(from)).toBeGreaterThanOrEqual(120);
    expect(stalls.sinceMs(from)).toBeLessThanOrEqual(stoodMs);
    expect(stalls.sinceMs(performance.now())).toBe(0);
    expect(stalls.longestMs).toBe(0);
    stalls.close();
  });
});
