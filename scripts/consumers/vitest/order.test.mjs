import { writeSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { move, order } from './order.mjs';

afterEach(() => {
  vi.useRealTimers();
});

test('the order', async () => {
  writeSync(1, `${await order()}\n`);
});

const fake = () => vi.useFakeTimers();

test('the order under fake timers', async () => {
  expect(await order(fake)).toBe('AAABBBCCC');
});

test('a manual resolver under fake timers', async () => {
  expect(await move(fake)).toMatch(/^A+B+$/);
});

test('a policy whose module is evaluated again', async () => {
  const { always } = await import('./policy.mjs');
  vi.resetModules();
  expect((await import('./policy.mjs')).always).not.toBe(always);
});
