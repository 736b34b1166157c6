import { writeSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { move, order } from './order.mjs';

afterEach(() => {
  vi.useRealTimers();
});

test('the order', async () => {
  writeSync(1, `${await order()}\n`);
});

test('the order and a manual resolver under fake timers', async () => {
  vi.useFakeTimers();
  expect(await order()).toBe('AAABBBCCC');
  expect(await move()).toBe('ABBBBBBBB');
});
