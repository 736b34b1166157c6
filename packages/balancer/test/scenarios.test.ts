/** SCENARIOS.md names tests: they must exist under these titles. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');

const named = [...read('SCENARIOS.md').matchAll(/`([\w/-]+\.test\.ts)`: "([^"]+)"/g)].map(
  ([, file = '', title = '']) => ({ file, title }),
);

test('SCENARIOS.md names tests', () => {
  expect(named.length).toBeGreaterThan(25);
});

test.each(named)('$file has "$title"', ({ file, title }) => {
  expect(read(file)).toContain(`'${title}`);
});
