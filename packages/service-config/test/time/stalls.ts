/** Stalls of the event loop on a fake clock: time passes, and no timer fires until it has. */
import { vi } from 'vitest';

/**
 * For a fake clock that has begun. Each call of what this returns lets so many milliseconds pass at once; timers that
 * the test then moves the clock to come late by as much. `vi.restoreAllMocks()` ends it, before the real clock comes back.
 */
export function fakeStalls(): (ms: number) => void {
  const now = performance.now.bind(performance);
  let stalled = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now() + stalled);
  return (ms) => {
    stalled += ms;
  };
}
