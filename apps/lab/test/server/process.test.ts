/** The lab as its command runs it. */

import { once } from 'node:events';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { node, start } from '@petiole/test-kit/processes/program';
import { beforeAll, expect, test } from 'vitest';

const APP = fileURLToPath(new URL('../..', import.meta.url));
const lab = (...args: readonly string[]) => start(node('src/server/main.ts', ...args), { cwd: APP });

beforeAll(() => {
  // What it serves is not looked at here.
  if (existsSync(`${APP}dist/index.html`)) return;
  mkdirSync(`${APP}dist`, { recursive: true });
  writeFileSync(`${APP}dist/index.html`, '<html><head></head></html>');
});

test('says where it is, and ends with its servers when it is asked to', async () => {
  const program = lab('--port', '0');
  const line = await program.out.line(/^The lab is open/);
  expect(line).toMatch(/^The lab is open: http:\/\/127\.0\.0\.1:\d+\/$/);
  program.kill('SIGTERM');
  expect(await program).toMatchObject({ exitCode: 0, stderr: '' });
});

/** `pnpm lab` looks at the port first, the process by itself when it opens it. */
test.each(['src/start.ts', 'src/server/main.ts'])(
  '%s: a port that is taken is one line, and exit code 1, without a page being built',
  async (file) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { mtimeMs } = statSync(`${APP}dist/index.html`);
    const { exitCode, stderr, stdout } = await start(node(file, '--port', `${port}`), { cwd: APP });
    other.close();
    expect({ exitCode, stderr, stdout }).toEqual({
      exitCode: 1,
      stderr: `lab: port ${port} is taken; choose another one with --port, or any free one with --port 0`,
      stdout: '',
    });
    expect(statSync(`${APP}dist/index.html`).mtimeMs).toBe(mtimeMs);
  },
);

test('a bad option is one line that says what is allowed, and exit code 2', async () => {
  const { exitCode, stderr } = await lab('--rate', 'many');
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(
    /^lab: option '--rate <n>' argument 'many' is invalid\. Allowed is a whole number from 0 to 1000\.$/,
  );
});
