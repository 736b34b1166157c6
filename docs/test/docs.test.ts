/**
 * Every JavaScript and TypeScript block of the documentation runs, and ends as the page says; the TypeScript
 * ones are also compiled, strictly.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, execaNode } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { type CodeBlock, codeBlocks, pages } from './code-blocks.js';

const DOCS = fileURLToPath(new URL('..', import.meta.url));
// In this folder, so that the programs find the packages.
const folder = mkdtempSync(join(DOCS, '.docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fileOf = ({ name, language }: CodeBlock): string =>
  join(folder, `${name.replaceAll(/\W+/g, '-')}.${language}`);

const blocks = (await Promise.all(pages().map(codeBlocks))).flat();
for (const block of blocks) writeFileSync(fileOf(block), block.program);

test('there are code blocks to run', () => {
  expect(blocks.length).toBeGreaterThan(10);
});

test('the compiler finds nothing in the TypeScript blocks', { timeout: 60_000 }, async () => {
  const files = blocks.filter(({ language }) => language === 'ts').map(fileOf);
  const options = {
    extends: join(DOCS, '../tsconfig.base.json'),
    compilerOptions: { noEmit: true },
    files,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
  const { stdout } = await execa('tsc', ['-p', folder], { preferLocal: true, localDir: DOCS, reject: false });
  expect(stdout).toBe('');
  expect(files.length).toBeGreaterThan(5);
});

describe.concurrent('code blocks', { timeout: 60_000 }, () => {
  test.each(blocks)('$name', async (block) => {
    const { error } = block;
    const { exitCode, stderr, timedOut } = await execaNode(fileOf(block), {
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
