import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TurningClock } from '../../src/internal.js';
import { fakeStall } from './stalls.js';

let clock: TurningClock;
let passed: number;
const pass = (): void => void passed++;

beforeEach(() => {
  vi.useFakeTimers();
  clock = new TurningClock();
  passed = 0;
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('a wait without a stall', () => {
  it.each([1, 2, 15, 16, 17, 100, 5000, 20_001, 60 * 24 * 60 * 60 * 1000])(
    'of %d ms ends after that time, to the millisecond, and leaves no timer',
    (ms) => {
      clock.wait(ms, pass);
      vi.advanceTimersByTime(ms - 1);
      expect([passed, clock.isWaiting]).toEqual([0, true]);
      vi.advanceTimersByTime(1);
      expect([passed, clock.isWaiting]).toEqual([1, false]);
      expect(clock.now()).toBe(ms);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it('of a fraction of a millisecond sets timers of whole ones only, and ends no earlier', () => {
    const set = vi.spyOn(globalThis, 'setTimeout');
    clock.wait(99.5, pass);
    vi.advanceTimersByTime(99);
    expect(passed).toBe(0);
    vi.advanceTimersByTime(1);
    expect(passed).toBe(1);
    expect(set.mock.calls.every(([, ms]) => Number.isInteger(ms))).toBe(true);
  });

  it('ends no earlier when timers fire a fraction of a millisecond early, as those of Node may', () => {
    clock.wait(100, pass);
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() - 0.5);
    vi.advanceTimersByTime(100);
    expect(passed).toBe(0);
    vi.advanceTimersByTime(1);
    expect(passed).toBe(1);
  });

  it('that has no end takes timers that Node can keep', () => {
    const set = vi.spyOn(globalThis, 'setTimeout');
    clock.wait(Number.POSITIVE_INFINITY, pass);
    expect(set).toHaveBeenLastCalledWith(expect.anything(), 2 ** 31 - 1);
  });
});

describe('a stall', () => {
  it.each([0, 5, 300])(
    'that follows %d ms of a wait takes at most a sixteenth of it, however long it is',
    (before) => {
      clock.wait(1600, pass);
      vi.advanceTimersByTime(before);
      fakeStall(60_000);
      vi.advanceTimersByTime(1600 - before - 101);
      expect(passed).toBe(0);
      vi.advanceTimersByTime(101);
      expect(passed).toBe(1);
    },
  );

  it('that outlasts the end of a wait is followed by one more sixteenth: a handshake takes several messages', () => {
    clock.wait(1600, pass);
    vi.advanceTimersByTime(1550);
    fakeStall(60_000);
    vi.advanceTimersByTime(99);
    expect(passed).toBe(0);
    vi.advanceTimersByTime(1);
    expect(passed).toBe(1);
  });

  it('that is short, at the end of a wait, puts its judgement behind what has arrived meanwhile', () => {
    clock.wait(1600, pass);
    vi.advanceTimersByTime(1550);
    fakeStall(70);
    expect([passed, clock.isWaiting]).toEqual([0, true]);
    vi.advanceTimersToNextTimer(); // the immediate, before which sockets are read
    expect([passed, clock.isWaiting]).toEqual([1, false]);
  });

  it('after stall ends the wait in the end: after 17 timers and an immediate', () => {
    clock.wait(1600, pass);
    for (let turn = 0; turn < 17; turn++) {
      fakeStall(5000);
      expect(passed).toBe(0);
    }
    vi.advanceTimersToNextTimer();
    expect(passed).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts in the time that the clock shows as it counts in the wait', () => {
    clock.wait(1600, pass);
    vi.advanceTimersByTime(30);
    fakeStall(60_000);
    expect(clock.now()).toBe(100);
    vi.advanceTimersByTime(50);
    expect(clock.now()).toBe(150);
  });

  it('that no timer has come after yet does not count in full either', () => {
    clock.wait(1600, pass);
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
    expect(clock.now()).toBe(100);
  });

  it('counts in full while nobody waits', () => {
    vi.advanceTimersByTime(3000);
    clock.wait(1600, pass);
    expect(clock.now()).toBe(3000);
    clock.stop();
    vi.advanceTimersByTime(3000);
    expect(clock.now()).toBe(6000);
  });
});

describe('a wait that is stopped', () => {
  it('calls nobody, and leaves no timer; the clock goes on', () => {
    clock.wait(1600, pass);
    vi.advanceTimersByTime(150);
    clock.stop();
    expect([clock.isWaiting, vi.getTimerCount()]).toEqual([false, 0]);
    vi.advanceTimersByTime(10_000);
    expect([passed, clock.now()]).toEqual([0, 10_150]);
  });

  it('by what is read after a stall, in the last moment, calls nobody', () => {
    clock.wait(1600, pass);
    vi.advanceTimersByTime(1550);
    fakeStall(70);
    expect(clock.isWaiting).toBe(true);
    clock.stop();
    vi.runAllTimers();
    expect([passed, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('by another one counts no more', () => {
    clock.wait(1600, pass);
    vi.advanceTimersByTime(1000);
    clock.wait(2000, pass);
    vi.advanceTimersByTime(1999);
    expect(passed).toBe(0);
    vi.advanceTimersByTime(1);
    expect(passed).toBe(1);
  });

  it('may be followed by the next one from within its own call', () => {
    clock.wait(100, () => clock.wait(100, pass));
    vi.advanceTimersByTime(200);
    expect(passed).toBe(1);
  });
});

it('no timer of a wait keeps the process alive', () => {
  const set = vi.spyOn(globalThis, 'setTimeout');
  clock.wait(100, pass);
  vi.advanceTimersByTime(100);
  expect(set.mock.results.length).toBeGreaterThan(10);
  expect(set.mock.results.map(({ value }) => (value as NodeJS.Timeout).hasRef())).not.toContain(true);
});
