/** Keeps the figures of docs/benchmarks.md: what stands between the marks of a part is the last run's. */
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { manifestOf, packageFolder } from './starting/installed-size.js';

const APP = fileURLToPath(new URL('..', import.meta.url));

const begin = (part: string): string => `<!-- bench ${part} -->`;
const end = (part: string): string => `<!-- /bench ${part} -->`;

/** The page with another text between the marks. @throws when the page has no such marks. */
export function replaceSection(page: string, part: string, text: string): string {
  const start = page.indexOf(begin(part));
  const stop = page.indexOf(end(part));
  if (start < 0 || stop < start) {
    throw new Error(`docs/benchmarks.md must have ${begin(part)} and, after it, ${end(part)}`);
  }
  return `${page.slice(0, start)}${begin(part)}\n\n${text.trim()}\n\n${page.slice(stop)}`;
}

/** Where, when and with what a part ran. */
export function circumstances(part: string): string {
  const version = (name: string): string => `${name} ${manifestOf(packageFolder(name, APP)).version}`;
  const all = cpus();
  const model = all[0]?.model.trim() ?? 'unknown CPU';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const versions = ['@grpc/grpc-js', '@petiole/balancer', '@petiole/resolver'].map(version).join(', ');
  const today = new Date().toISOString().slice(0, 10);
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  return `\`pnpm bench ${part} --write\`, ${today}: ${all.length} cores of ${model}, ${memory}, ${type()} ${release()}, Node.js ${process.version}, ${versions}. The load average was ${load} when it began.`;
}
