/**
 * The code blocks of the documentation. JavaScript and TypeScript blocks become programs: what a block leaves out because the page has it
 * elsewhere, it is given here. A block that its page calls "Complete" is given nothing. One that names a file (```js PATH) is part of
 * it, and run where that file is.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { marked, type Token } from 'marked';

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** What a reader has and the page cannot show. */
const STAND_INS: Record<string, string> = {
  first: 'const first = { port: 50051 };',
  second: 'const second = { port: 50052 };',
};

/** Modules whose exports a block may use without importing them once more. */
const MODULES = [
  '@grpc/grpc-js',
  '@petiole/balancer',
  '@petiole/resolver',
  '@petiole/echo-proto',
  '@petiole/kubernetes',
  '@petiole/opentelemetry',
  'node:diagnostics_channel',
];

export interface CodeBlock {
  /** `packages/balancer/README.md #3`. */
  readonly name: string;
  readonly language: 'js' | 'ts';
  readonly program: string;
  /** The error that the block says it ends with, in a comment such as `// TypeError: …`; up to an ellipsis. */
  readonly error: string | undefined;
}

/** Every page that people read: the root's, docs/, and the manuals of packages and apps. */
export function pages(): string[] {
  const folders = ['packages', 'apps'].flatMap((kind) =>
    readdirSync(join(ROOT, kind)).map((name) => join(ROOT, kind, name)),
  );
  return [ROOT, join(ROOT, 'docs'), ...folders].flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.md') && file !== 'CHANGELOG.md')
      .map((file) => join(folder, file)),
  );
}

export async function codeBlocks(page: string): Promise<CodeBlock[]> {
  const tokens = marked.lexer(readFileSync(page, 'utf8')).filter(({ type }) => type !== 'space');
  const printed = tokens.flatMap((token, i) =>
    token.type === 'code' && (token.lang === 'js' || token.lang === 'ts')
      ? [{ text: String(token.text), language: token.lang, isComplete: saysComplete(tokens[i - 1]) } as const]
      : [],
  );
  const texts = printed.map(({ text }) => text);
  const exported = await exportsOfModules();
  const name = relative(ROOT, page) || basename(dirname(page));
  return printed.map(({ text, language, isComplete }, i) => ({
    name: `${name} #${i + 1}`,
    language,
    program: isComplete ? text : complete(text, texts.slice(0, i), exported),
    error: /^\/\/ (\w*Error: [^…\n]*)/m.exec(text)?.[1],
  }));
}

/** The blocks that name the file that they are part of, behind their language. */
export function quotations(page: string): { file: string; text: string }[] {
  return marked.lexer(readFileSync(page, 'utf8')).flatMap((token) => {
    if (token.type !== 'code') return [];
    const [, file] = String(token.lang ?? '').split(' ');
    return file === undefined ? [] : [{ file, text: String(token.text) }];
  });
}

/** The command lines of a page's `sh` blocks, without comments. */
export function shellCommands(page: string): string[] {
  return marked
    .lexer(readFileSync(page, 'utf8'))
    .flatMap((token) => (token.type === 'code' && token.lang === 'sh' ? String(token.text).split('\n') : []))
    .map((line) => line.replace(/ +#.*/, ''));
}

function saysComplete(before: Token | undefined): boolean {
  return before?.type === 'paragraph' && /\bComplete\b/.test(before.text);
}

/** The block behind the earlier blocks that it builds on, its stand-ins and its imports. */
function complete(block: string, earlier: readonly string[], exported: ReadonlyMap<string, string>): string {
  const body = earlier.reduceRight(
    (text, other) =>
      declaredIn(other).some((name) => uses(text, name) && !declares(text, name))
        ? `${other}\n${text}`
        : text,
    block,
  );
  const imports = [...exported]
    .filter(([name]) => uses(body, name) && !declares(body, name))
    .map(([name, from]) => `import { ${name} } from '${from}';`);
  const standIns = Object.entries(STAND_INS)
    .filter(([name]) => uses(body, name) && !declares(body, name))
    .map(([, text]) => text);
  // A page registers once, at its top.
  const registered = /register/i.test(body)
    ? []
    : ["import '@petiole/balancer/register';", "import '@petiole/resolver/register';"];
  // A server takes any free port, and ends.
  const served = /bindAsync/.test(body) ? body.replaceAll(/\]:\d+'/g, "]:0'") : body;
  const end = served === body ? [] : ['setTimeout(() => process.exit(), 500);'];
  return [...registered, ...imports, ...standIns, served, ...end, 'export {};', ''].join('\n');
}

function declaredIn(text: string): string[] {
  return [...text.matchAll(/^(?:export )?(?:const|let|class|function) (\w+)/gm)].map(
    (match) => match[1] as string,
  );
}

function uses(text: string, name: string): boolean {
  return new RegExp(`(?<![.\\w'-])${name}(?![\\w'-])(?!:)`).test(text.replaceAll(/(?<!\S)\/\/.*$/gm, ''));
}

function declares(text: string, name: string): boolean {
  const imported = new RegExp(`^import [^;]*\\b${name}\\b[^;]*from`, 'm');
  return declaredIn(text).includes(name) || imported.test(text);
}

async function exportsOfModules(): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const from of MODULES) {
    const module = (await import(from)) as Record<string, unknown>;
    for (const name of Object.keys(module))
      if (/^\w+$/.test(name) && name !== 'default') names.set(name, from);
  }
  return names;
}
