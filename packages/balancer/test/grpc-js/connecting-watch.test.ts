/** The one timer that serves all connection attempts: when it fires, and whom it finds. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fakeStall } from '../../../service-config/test/time/stalls.js';
import { CONNECT_TIMEOUT_MS, ConnectingWatch } from '../../src/grpc-js/connecting-watch.js';

const stuck: string[] = [];
let watch: ConnectingWatch<string>;

beforeEach(() => {
  vi.useFakeTimers();
  stuck.length = 0;
  watch = new ConnectingWatch(CONNECT_TIMEOUT_MS, (child) => stuck.push(child));
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

test('an attempt that is told of once more keeps its deadline', () => {
  watch.start('first');
  vi.advanceTimersByTime(19_999);
  watch.start('first');
  vi.advanceTimersByTime(1);
  expect(stuck).toEqual(['first']);
});

test('an attempt that has ended is not found; the timer goes on to the next one', () => {
  watch.start('first');
  vi.advanceTimersByTime(5000);
  watch.start('second');
  watch.stop('first');
  vi.advanceTimersByTime(19_999);
  expect(stuck).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(stuck).toEqual(['second']);
});

test('attempts that begin when another is found share the timer, delay nobody, and leave none after clear', () => {
  const found: number[] = [];
  const chained = new ConnectingWatch<number>(CONNECT_TIMEOUT_MS, (child) => {
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

test('an attempt is not found after a stall of 21 s: its answer may wait to be read; its silence is found later', () => {
  watch.start('first');
  vi.advanceTimersByTime(100);
  fakeStall(21_000);
  vi.advanceTimersByTime(18_000);
  expect(stuck).toEqual([]);
  watch.start('second');
  vi.advanceTimersByTime(1999);
  expect(stuck).toEqual(['first']);
  vi.advanceTimersByTime(18_001);
  expect(stuck).toEqual(['first', 'second']);
});

test('an attempt that ends with what is read after a stall, in its last moment, is not found', () => {
  watch.start('first');
  vi.advanceTimersByTime(19_000);
  fakeStall(1500);
  expect(stuck).toEqual([]);
  watch.stop('first');
  vi.advanceTimersByTime(20_000);
  expect(stuck).toEqual([]);
});
