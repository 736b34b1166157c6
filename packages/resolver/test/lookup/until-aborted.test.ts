import { expect, it, onTestFinished, vi } from 'vitest';
import { atMost } from '../../src/lookup/until-aborted.js';
import { keepProcess, timersSetBy } from '../support/timers.js';

const never = new Promise<never>(() => {});

it('waiting for a promise at most some time keeps no process, and leaves no timer when the promise settles', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { signal } = new AbortController();
  const timers = await timersSetBy(() => void atMost(1000, never, signal));
  expect(timers).toHaveLength(1);
  expect(keepProcess(timers)).toBe(false);
  vi.clearAllTimers();
  await atMost(1000, Promise.reject(new Error('down')), signal);
  expect(vi.getTimerCount()).toBe(0);
});
