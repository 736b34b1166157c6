/** The scenarios at the real API server. With `PETIOLE_RECORD=1` what passes becomes the record that `pnpm test` plays. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { printRecord } from '../support/record.js';
import { fileOf, RECORDED } from '../support/records.js';
import { SCENARIOS } from '../support/scenarios.js';
import type { RealWorld } from '../support/world.js';
import { openReal, useApiServer } from './real.js';

const api = useApiServer();

describe('at the real API server', () => {
  it.each(Object.entries(SCENARIOS))('%s', async (title, scenario) => {
    const worlds: RealWorld[] = [];
    await scenario(async () => {
      const world = await openReal(api(), fileOf(title, worlds.length));
      worlds.push(world);
      return world;
    });
    expect(worlds.length).toBeGreaterThan(0);
    if (process.env.PETIOLE_RECORD !== '1') return;
    mkdirSync(RECORDED, { recursive: true });
    for (const { namespace, upstream } of worlds) {
      writeFileSync(`${RECORDED}/${namespace}.jsonl`, printRecord(upstream.recorded));
    }
  });
});
