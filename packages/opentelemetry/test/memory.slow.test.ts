/** Memory with many endpoints and made-up methods: heaps of processes that do the same, with metrics and without. */
import { fileURLToPath } from 'node:url';
import { FROM_SOURCES, start } from '@petiole/test-kit/processes/program';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('memory-process.ts', import.meta.url));
const ENDPOINTS = 10_000;

type Heaps = readonly { readonly there: number; readonly gone: number }[];

async function heapsOf(...args: readonly string[]): Promise<Heaps> {
  const { stdout } = await start([process.execPath, '--expose-gc', ...FROM_SOURCES, program, ...args]);
  return JSON.parse(stdout);
}

/** Of the third generation, when all that is loaded and compiled once is there. */
const perEndpoint = (heaps: Heaps): number =>
  ((heaps[2]?.there ?? Number.NaN) - (heaps[2]?.gone ?? Number.NaN)) / ENDPOINTS;

test('an endpoint takes less than 250 bytes while it is there; it and an unknown method leave nothing', {
  timeout: 120_000,
}, async () => {
  const heaps = await heapsOf('measured');
  expect(perEndpoint(heaps) - perEndpoint(await heapsOf())).toBeLessThan(250);
  const growth = (heaps[3]?.gone ?? Number.NaN) - (heaps[1]?.gone ?? Number.NaN);
  // A number kept for each would be more.
  expect(growth / (2 * ENDPOINTS)).toBeLessThan(15);
});
