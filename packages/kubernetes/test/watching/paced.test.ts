import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Paced } from '../../src/watching/paced.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Work that counts how often it was done, at most once in 20 ms. */
function counting() {
  const work = vi.fn();
  return { work, paced: new Paced(20, work) };
}

it('work is done at once, then at most once in a pause, and for the last request, too', () => {
  const { work, paced } = counting();
  paced.ask();
  expect(work).toHaveBeenCalledTimes(1);
  paced.ask();
  paced.ask();
  vi.advanceTimersByTime(19);
  expect(work).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(work).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(100);
  expect(work).toHaveBeenCalledTimes(2);
  paced.ask();
  expect(work).toHaveBeenCalledTimes(3);
});

it('work that is due is done at the end, and none that is not', () => {
  const { work, paced } = counting();
  paced.finish();
  paced.ask();
  paced.ask();
  paced.finish();
  expect(work).toHaveBeenCalledTimes(2);
  paced.finish();
  vi.advanceTimersByTime(100);
  expect(work).toHaveBeenCalledTimes(2);
});
