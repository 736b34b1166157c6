/** The one vitest configuration; every package runs it against its own folder. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  ssr: {
    // Siblings are read from their sources: no test needs a build.
    resolve: { conditions: ['@petiole/source'] },
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
