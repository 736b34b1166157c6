import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { paced } from '../../src/watching/paced.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('work is done at once, then at most once in a pause, and for the last request, too', () => {
  let done = 0;
  const ask = paced(20, () => {
    done += 1;
  });
  ask();
  expect(done).toBe(1);
  ask();
  ask();
  vi.advanceTimersByTime(19);
  expect(done).toBe(1);
  vi.advanceTimersByTime(1);
  expect(done).toBe(2);
  vi.advanceTimersByTime(100);
  expect(done).toBe(2);
  ask();
  expect(done).toBe(3);
});
