/** The one vitest configuration; every package runs it against its own folder. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** `test` leaves these out; the command of that name runs nothing else. */
const APART = ['slow', 'kubernetes', 'browser'];
const named = (mode: string): string => `test/**/*.${mode}.test.ts`;

export default defineConfig(({ mode }) => ({
  resolve: {
    alias: [
      {
        find: /^node:timers$/,
        replacement: fileURLToPath(new URL('src/fakeable-timers.ts', import.meta.url)),
      },
    ],
  },
  ssr: {
    // Siblings are read from their sources: no test needs a build.
    resolve: { conditions: ['@petiole/source'] },
  },
  test: {
    include: [APART.includes(mode) ? named(mode) : 'test/**/*.test.ts'],
    exclude: APART.filter((other) => other !== mode).map(named),
    // Most files wait for sockets and processes: as many at a time as there are cores, and not one less.
    maxWorkers: '100%',
    globalSetup: fileURLToPath(new URL('src/processes/bundled-apps.ts', import.meta.url)),
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
}));
