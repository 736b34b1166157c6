import { describe, expect, it } from 'vitest';
import { mapBounded } from '../../src/lookup/host-turns.js';

describe('mapBounded', () => {
  it('keeps the order of the entries and the bound', async () => {
    let inFlight = 0;
    let most = 0;
    const results = await mapBounded([5, 1, 3, 2, 4], 2, async (turns) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      for (let turn = 0; turn < turns; turn += 1) await null;
      inFlight -= 1;
      return turns * 10;
    });
    expect(results).toEqual([50, 10, 30, 20, 40]);
    expect(most).toBe(2);
  });

  it('rejects with the first rejection and begins no entry after it', async () => {
    const begun: string[] = [];
    let finish = (): void => {};
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const mapped = mapBounded(['slow', 'bad', 'late', 'later'], 2, async (entry) => {
      begun.push(entry);
      if (entry === 'bad') throw new Error('no');
      await slow;
    });
    await expect(mapped).rejects.toThrow('no');
    finish();
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toEqual(['slow', 'bad']);
  });
});
