/** When alternatives begin, and with how many slots. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Alternative, staggered } from '../../src/lookup/staggered.js';

/** An alternative that the test ends. */
interface Scripted extends Alternative<string> {
  /** What it was given; undefined before it begins. */
  slots: number | undefined;
  succeed(): void;
  end(): void;
}

function alternative(name: string, width = 1): Scripted {
  let end = (): void => {};
  const promise = new Promise<string>((resolve) => {
    end = () => resolve(name);
  });
  const self: Scripted = {
    width,
    slots: undefined,
    succeed: () => {},
    end,
    begin: (slots, succeeded) => {
      self.slots = slots;
      self.succeed = succeeded;
      return promise;
    },
  };
  return self;
}

const later = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const OPTIONS = { slots: 8, patience: 1000 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('staggered alternatives', () => {
  it('begin when the one before has been silent for so long, and stop at the first success', async () => {
    const all = ['first', 'second', 'third'].map((name) => alternative(name));
    const [first, second, third] = all;
    const begun = staggered(all, OPTIONS);
    await later(999);
    expect(all.map(({ slots }) => slots)).toEqual([1, undefined, undefined]);
    await later(1);
    expect(all.map(({ slots }) => slots)).toEqual([1, 1, undefined]);
    first?.succeed();
    await later(5000);
    expect(third?.slots).toBeUndefined();
    first?.end();
    second?.end();
    expect(await Promise.all(await begun)).toEqual(['first', 'second']);
  });

  it('begin at once when the one before has ended without success', async () => {
    const all = ['first', 'second'].map((name) => alternative(name));
    void staggered(all, OPTIONS);
    all[0]?.end();
    await later(0);
    expect(all[1]?.slots).toBe(1);
  });

  it('leave half of the free slots to those after them, and the last one takes what is left', async () => {
    const all = ['first', 'second', 'third'].map((name) => alternative(name, 100));
    void staggered(all, OPTIONS);
    await later(3000);
    expect(all.map(({ slots }) => slots)).toEqual([4, 2, 2]);
  });

  it('take no more slots than they have a use for', async () => {
    const all = [alternative('none', 0), alternative('few', 3), alternative('many', 100)];
    void staggered(all, OPTIONS);
    await later(3000);
    expect(all.map(({ slots }) => slots)).toEqual([0, 3, 5]);
  });

  it('wait for a slot where all are taken', async () => {
    const all = ['first', 'second', 'third'].map((name) => alternative(name));
    void staggered(all, { slots: 2, patience: 1000 });
    await later(60_000);
    expect(all.map(({ slots }) => slots)).toEqual([1, 1, undefined]);
    all[1]?.end();
    await later(0);
    expect(all[2]?.slots).toBe(1);
  });

  it('are none where there are none', async () => {
    expect(await staggered([], OPTIONS)).toEqual([]);
  });
});
