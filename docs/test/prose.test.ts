/** Reads every page as its readers do: links lead somewhere, sentences are short, and what is quoted is so. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { marked, type Token, type Tokens } from 'marked';
import { describe, expect, test } from 'vitest';
import { pages, quotations, ROOT } from './code-blocks.js';

const LONGEST = 35;
const OURS = /^https:\/\/github\.com\/petiole\/petiole\/(?:blob|tree)\/main\//;

const nameOf = (page: string): string => relative(ROOT, page);
const lex = (page: string): Token[] => marked.lexer(readFileSync(page, 'utf8'));

function tokensOf(page: string): Token[] {
  const tokens: Token[] = [];
  marked.walkTokens(lex(page), (token) => void tokens.push(token));
  return tokens;
}

/** The anchors that GitHub gives to a page's headings. */
function anchorsOf(page: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = tokensOf(page).filter((token): token is Tokens.Heading => token.type === 'heading');
  return new Set(
    headings.map(({ tokens }) => {
      const text = plain(tokens, (code) => code.text);
      const slug = text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(/\s/g, '-');
      const before = seen.get(slug) ?? 0;
      seen.set(slug, before + 1);
      return before === 0 ? slug : `${slug}-${before}`;
    }),
  );
}

/** What is wrong with a link: nothing, where it leads out of this repository. */
function fault(page: string, href: string): string | undefined {
  const [path = '', anchor] = href.replace(OURS, `${relative(dirname(page), ROOT) || '.'}/`).split('#');
  if (/^\w+:/.test(path)) return undefined;
  let file = path === '' ? page : join(dirname(page), decodeURIComponent(path));
  if (!existsSync(file)) return `${href}: there is no such file`;
  if (anchor === undefined) return undefined;
  if (statSync(file).isDirectory()) file = join(file, 'README.md');
  return anchor === 'readme' || anchorsOf(file).has(anchor) ? undefined : `${href}: there is no such heading`;
}

/** The text of inline tokens. Code stands for one word, unless `code` says otherwise. */
function plain(
  tokens: readonly Token[] = [],
  code: (token: Tokens.Codespan) => string = () => 'code',
): string {
  return tokens
    .map((token) => {
      if (token.type === 'codespan') return code(token as Tokens.Codespan);
      if (token.type === 'html') return '';
      return 'tokens' in token && token.tokens
        ? plain(token.tokens, code)
        : 'text' in token
          ? token.text
          : ' ';
    })
    .join('');
}

/** Paragraphs and the texts of list items; no tables, no code. */
function paragraphs(tokens: readonly Token[]): string[] {
  return tokens.flatMap((token) => {
    if (token.type === 'paragraph' || token.type === 'text') return [plain(token.tokens)];
    if (token.type === 'list') return (token as Tokens.List).items.flatMap((item) => paragraphs(item.tokens));
    if (token.type === 'blockquote') return paragraphs(token.tokens ?? []);
    return [];
  });
}

function longSentences(tokens: readonly Token[]): string[] {
  return paragraphs(tokens)
    .flatMap((text) => text.replaceAll(/\s+/g, ' ').split(/(?<=(?<!\be\.g|\bi\.e)[.!?]["')]*) /))
    .map((sentence) => ({
      sentence,
      words: sentence.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word)),
    }))
    .filter(({ words }) => words.length > LONGEST)
    .map(({ sentence, words }) => `${words.length} words: ${sentence}`);
}

describe('links', () => {
  test.each(pages().map((page) => [nameOf(page), page]))('%s', (_name, page) => {
    const links = tokensOf(page).filter(
      (token): token is Tokens.Link | Tokens.Image => token.type === 'link' || token.type === 'image',
    );
    expect(links.map(({ href }) => fault(page, href)).filter((each) => each !== undefined)).toEqual([]);
  });
});

describe('a source that a page sends newcomers to is there', () => {
  const folders = ['packages', 'apps'].flatMap((kind) =>
    readdirSync(join(ROOT, kind)).map((name) => `${kind}/${name}/src`),
  );
  const sources = [...folders, 'scripts']
    .filter((folder) => existsSync(join(ROOT, folder)))
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(
        (file) => `/${folder}/${file}`,
      ),
    );
  test.each(['CONTRIBUTING.md', 'docs/design.md'])('%s', (page) => {
    const named =
      readFileSync(join(ROOT, page), 'utf8').match(/(?<![\w./-])[\w-][\w./-]*\.(?:ts|mjs)\b/g) ?? [];
    expect(named.length).toBeGreaterThan(4);
    expect(named.filter((name) => !sources.some((source) => source.endsWith(`/${name}`)))).toEqual([]);
  });
});

describe(`no sentence has more than ${LONGEST} words`, () => {
  const read = pages().filter((page) => /^(README\.md|docs\/|packages\/)/.test(nameOf(page)));
  test.each(read.map((page) => [nameOf(page), page]))('%s', (_name, page) => {
    expect(longSentences(lex(page))).toEqual([]);
  });
});

test.each(pages().flatMap(quotations))('$file has the block that names it', ({ file, text }) => {
  expect(readFileSync(join(ROOT, file), 'utf8')).toContain(text);
});

describe('within 600 words a manual says what to use its package for', () => {
  const manuals = pages().filter((page) => /^packages\//.test(nameOf(page)));
  test.each(manuals.map((page) => [nameOf(page), page]))('%s', (_name, page) => {
    const [beginning = ''] = readFileSync(page, 'utf8').match(/^(?:\S+\s+){0,600}/) ?? [];
    const blocks = marked.lexer(beginning);
    expect(blocks.map(({ type }) => type)).toEqual(expect.arrayContaining(['code', 'table']));
  });
});
