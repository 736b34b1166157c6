/**
 * Every JavaScript and TypeScript block of the documentation runs with the packages as they are built, and ends as the
 * page says; the TypeScript ones are compiled first, strictly.
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

const fileOf = ({ name, language }: CodeBlock, extension: 'js' | 'ts' = language): string =>
  join(folder, `${name.replaceAll(/\W+/g, '-')}.${extension}`);

const blocks = (await Promise.all(pages().map(codeBlocks))).flat();
for (const block of blocks) writeFileSync(fileOf(block), block.program);

test('there are code blocks to run', () => {
  expect(blocks.length).toBeGreaterThan(10);
});

const compiled = blocks.filter(({ language }) => language === 'ts').map((block) => fileOf(block));
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({
    extends: join(DOCS, '../tsconfig.base.json'),
    compilerOptions: { customConditions: [] },
    files: compiled,
  }),
);
const compiler = await execa('tsc', ['-p', folder], { preferLocal: true, localDir: DOCS, reject: false });

test('the compiler finds nothing in the TypeScript blocks', () => {
  expect(compiler.stdout).toBe('');
  expect(compiled.length).toBeGreaterThan(5);
});

describe.concurrent('code blocks', { timeout: 60_000 }, () => {
  test.each(blocks)('$name', async (block) => {
    const { error } = block;
    const { exitCode, stderr, timedOut } = await execaNode(fileOf(block, 'js'), {
      // None of vitest's own: its condition means the sources.
      nodeOptions: [],
      env: { ECHO_TARGET: 'static:[::1]:50051+127.0.0.1:50051' },
      timeout: 30_000,
      reject: false,
    });
    expect(timedOut).toBe(false);
    if (error === undefined) expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    else expect(stderr).toContain(error);
  });
});
