/** Every JavaScript and TypeScript block of the documentation runs, and ends as the page says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execaNode } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { codeBlocks, pages } from './code-blocks.js';

const APP = fileURLToPath(new URL('..', import.meta.url));
// In this folder, so that the programs find the packages.
const folder = mkdtempSync(join(APP, '.docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const blocks = (await Promise.all(pages().map(codeBlocks))).flat();

test('there are code blocks to run', () => {
  expect(blocks.length).toBeGreaterThan(10);
});

describe.concurrent('code blocks', { timeout: 60_000 }, () => {
  test.each(blocks)('$name', async ({ name, program, error }) => {
    const file = join(folder, `${name.replaceAll(/\W+/g, '-')}.ts`);
    writeFileSync(file, program);
    const { exitCode, stderr, timedOut } = await execaNode(file, {
      nodeOptions: ['--conditions=@petiole/source', '--import', 'tsx'],
      env: { ECHO_TARGET: 'static:[::1]:50051+127.0.0.1:50051' },
      timeout: 30_000,
      reject: false,
    });
    expect(timedOut).toBe(false);
    if (error === undefined) expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    else expect(stderr).toContain(error);
  });
});
