/** `node --import @petiole/opentelemetry/register`: programs that know nothing of it. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FROM_SOURCES, start } from '@petiole/test-kit/processes/program';
import { startBackend } from '@petiole/test-kit/servers';
import { expect, onTestFinished, test } from 'vitest';

/** A process that compiles what it loads. */
const SLOW_START = { timeout: 60_000 };

const app = fileURLToPath(new URL('app-process.ts', import.meta.url));

test(
  'reaches every client of a program, however it was loaded, once there is a global MeterProvider',
  SLOW_START,
  async () => {
    const server = await startBackend();
    const { stdout } = await start([
      process.execPath,
      ...FROM_SOURCES,
      '--import',
      '@petiole/opentelemetry/register',
      app,
      server.address,
    ]);
    expect(JSON.parse(stdout)).toEqual([
      [`dns:///${server.address}`, 'other', 1],
      [`ipv4:${server.address}`, 'other', 1],
      [`dns:///${server.address}`, 'petiole.test.Echo/UnaryGenerated', 1],
    ]);
  },
);

test('where @opentelemetry/api is missing, one sentence says so, with the cause', SLOW_START, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'petiole-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  copyFileSync(fileURLToPath(new URL('../src/api.cjs', import.meta.url)), join(folder, 'api.cjs'));
  // The runner's own modules must not be found.
  const env = { NODE_PATH: undefined };
  const { stderr } = await start([process.execPath, join(folder, 'api.cjs')], { env });
  expect(stderr).toMatch(
    /^Error: @petiole\/opentelemetry records by @opentelemetry\/api, which cannot be found/m,
  );
  expect(stderr).toContain("[cause]: Error: Cannot find module '@opentelemetry/api'");
});

test('a program without it records nothing', SLOW_START, async () => {
  const server = await startBackend();
  const { stdout } = await start([process.execPath, ...FROM_SOURCES, app, server.address]);
  expect(stdout).toBe('[]');
});
