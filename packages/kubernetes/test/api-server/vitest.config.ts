/** `pnpm test:kubernetes`: the tests at the real API server, one file after the other. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  ssr: { resolve: { conditions: ['@petiole/source'] } },
  test: {
    include: ['test/api-server/*.kubernetes.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
