import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lines } from '../../src/api/lines.js';

async function* cutInto(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    yield bytes.subarray(from, cut);
    from = Math.max(from, cut);
  }
  yield bytes.subarray(from);
}

async function read(chunks: AsyncIterable<Buffer>, most = 1000): Promise<string[]> {
  const all: string[] = [];
  for await (const batch of lines(chunks, most)) all.push(...batch);
  return all;
}

it('lines are the same wherever the bytes are cut, also within a character, and what has no end is no line', async () => {
  const text = fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', ''));
  await fc.assert(
    fc.asyncProperty(fc.array(text), text, fc.array(fc.nat({ max: 200 })), async (whole, rest, cuts) => {
      const bytes = Buffer.from([...whole, rest].join('\n'));
      expect(await read(cutInto(bytes, cuts))).toEqual(whole);
    }),
  );
});

it('a line that does not end is given up at the bound', async () => {
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) yield Buffer.alloc(100, 'x');
  }
  await expect(read(endless())).rejects.toThrow('a line is longer than 1000 bytes');
});

it('the lines before one that does not end are read', async () => {
  async function* one(): AsyncGenerator<Buffer> {
    yield Buffer.from(`first\nsecond\n${'x'.repeat(2000)}`);
  }
  const batches = lines(one(), 1000);
  expect(await batches.next()).toEqual({ done: false, value: ['first', 'second'] });
  await expect(batches.next()).rejects.toThrow('a line is longer than 1000 bytes');
});
