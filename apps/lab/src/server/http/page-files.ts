/** The files of the page as they were built, all in memory: a request names one of them, never a path of the disk. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { TOKEN_META } from '../../protocol.js';

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * By path. The token is in the page itself.
 * @throws {Error} if the page was not built
 */
export function pageFiles(folder: string, token: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const entry of entriesOf(folder)) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const type = TYPES[extname(path)] ?? 'application/octet-stream';
    const name = relative(folder, path).split(sep).join('/');
    const body = readFileSync(path);
    if (name === 'index.html') files.set('/', { type, body: withToken(body, token) });
    else files.set(`/${name}`, { type, body });
  }
  return files;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true });
  } catch {
    throw new Error('the page is not built; `pnpm lab` builds it, or `pnpm --filter @petiole/lab build`');
  }
}

function withToken(html: Buffer, token: string): Buffer {
  return Buffer.from(
    html.toString().replace('<head>', `<head><meta name="${TOKEN_META}" content="${token}">`),
  );
}
