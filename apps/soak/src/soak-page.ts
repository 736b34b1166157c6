/** docs/soak.md: replaces what stands between its two markers. */
import { readFileSync, writeFileSync } from 'node:fs';

const PAGE = new URL('../../../docs/soak.md', import.meta.url);
const BEGIN = '<!-- soak: written by pnpm soak --write -->';
const END = '<!-- soak: end -->';

/** @throws Error if the page has lost its markers */
export function writeSoakPage(text: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/soak.md must have ${BEGIN} and, after it, ${END}`);
  writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${page.slice(end)}`);
}
