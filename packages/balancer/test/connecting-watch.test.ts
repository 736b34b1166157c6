/** The one timer that serves all connection attempts: when it fires, and whom it finds. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CONNECT_TIMEOUT_MS, ConnectingWatch } from '../src/connecting-watch.js';

const stuck: string[] = [];
let watch: ConnectingWatch<string>;

beforeEach(() => {
  vi.useFakeTimers();
  stuck.length = 0;
  watch = new ConnectingWatch((child) => stuck.push(child));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('each attempt is found after its own 20 s, though it began only 2 ms after another', () => {
  watch.start('first');
  vi.advanceTimersByTime(2);
  watch.start('second');
  vi.advanceTimersByTime(19_998);
  expect(stuck).toEqual(['first']);
  vi.advanceTimersByTime(1);
  expect(stuck).toEqual(['first']);
  vi.advanceTimersByTime(1);
  expect(stuck).toEqual(['first', 'second']);
  expect(vi.getTimerCount()).toBe(0);
});

test('a timer that fires less than 1 ms early finds the attempt all the same, and is not set once more', () => {
  const now = performance.now.bind(performance);
  let offset = 0.5;
  vi.spyOn(performance, 'now').mockImplementation(() => now() + offset);
  watch.start('only');
  offset = 0;
  vi.advanceTimersToNextTimer();
  expect(stuck).toEqual(['only']);
  expect(vi.getTimerCount()).toBe(0);
});

test('an attempt that has ended is not found; the timer goes on to the next one', () => {
  watch.start('first');
  vi.advanceTimersByTime(5000);
  watch.start('second');
  watch.stop('first');
  vi.advanceTimersByTime(15_000);
  expect(stuck).toEqual([]);
  vi.advanceTimersToNextTimer();
  expect(performance.now()).toBe(25_000);
  expect(stuck).toEqual(['second']);
});

test('attempts that begin when another is found share the timer, delay nobody, and leave none after clear', () => {
  const found: number[] = [];
  const chained = new ConnectingWatch<number>((child) => {
    found.push(child);
    if (child < 100) chained.start(child + 100);
  });
  chained.start(1);
  vi.advanceTimersByTime(5000);
  chained.start(2);
  vi.advanceTimersByTime(CONNECT_TIMEOUT_MS - 4000);
  expect(found).toEqual([1]);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(5000);
  expect(found).toEqual([1, 2]);
  vi.advanceTimersByTime(CONNECT_TIMEOUT_MS);
  expect(found).toEqual([1, 2, 101, 102]);
  chained.start(3);
  chained.clear();
  expect(vi.getTimerCount()).toBe(0);
});
