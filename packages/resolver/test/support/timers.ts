/** The timers that the code under test sets, for tests that fake the clock. */
import { vi } from 'vitest';

/** All that `act` sets by `setTimeout`, in that order. The clock must be a fake one already. */
export async function timersSetBy(act: () => unknown): Promise<NodeJS.Timeout[]> {
  const set = vi.spyOn(globalThis, 'setTimeout');
  try {
    await act();
    return set.mock.results.map(({ value }) => value as NodeJS.Timeout);
  } finally {
    set.mockRestore(); // before the real clock comes back: it would be replaced by the fake one
  }
}

/** Whether any of the timers would keep a process that has nothing else to do. */
export function keepProcess(timers: readonly NodeJS.Timeout[]): boolean {
  return timers.some((timer) => timer.hasRef());
}
