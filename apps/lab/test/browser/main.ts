/** `pnpm test:browser [NAME]`: the tests of the lab's page in Chromium, or one line that says why there is none. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findChromium } from './chromium.js';

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
const VITEST = fileURLToPath(new URL('../../../../node_modules/vitest/vitest.mjs', import.meta.url));

findChromium().then(
  ({ executablePath }) => {
    console.log(`The lab's page in ${executablePath}`);
    const config = ['--root', '.', '--config', '../../packages/test-kit/vitest.config.ts'];
    const args = ['run', ...config, '--mode', 'browser', '--no-file-parallelism', ...process.argv.slice(2)];
    const { status, error } = spawnSync(process.execPath, [VITEST, ...args], {
      cwd: PACKAGE,
      stdio: 'inherit',
    });
    if (error !== undefined) throw error;
    process.exitCode = status ?? 1;
  },
  (error: unknown) => {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    console.log(`NOT run: the lab's page needs a Chromium, and there is none: ${why}`);
  },
);
