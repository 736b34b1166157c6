/** The scenarios with what was recorded of the real API server; `pnpm test:kubernetes` has them at that one. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseRecord } from './support/record.js';
import { fileOf, RECORDED } from './support/records.js';
import { SCENARIOS } from './support/scenarios.js';
import { openReplay, type ReplayWorld } from './support/world.js';

describe('as recorded', () => {
  it.each(Object.entries(SCENARIOS))('%s', async (title, scenario) => {
    const worlds: ReplayWorld[] = [];
    await scenario(async () => {
      const name = fileOf(title, worlds.length);
      const world = await openReplay(name, parseRecord(readFileSync(`${RECORDED}/${name}.jsonl`, 'utf8')));
      onTestFinished(() => world.close());
      worlds.push(world);
      return world;
    });
    for (const { upstream } of worlds) expect(upstream.surprises).toEqual([]);
  });
});
