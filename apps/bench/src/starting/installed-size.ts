/** How many bytes a package brings into an application, alone and with its dependencies. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Manifest {
  readonly version: string;
  readonly files?: readonly string[];
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** In every tarball, whatever `files` says. */
export const ALWAYS: readonly string[] = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];

export interface InstalledSize {
  readonly bytes: number;
  /** Of its run-time dependencies, theirs included, each once. Peer dependencies do not count. */
  readonly dependencyBytes: number;
  readonly dependencies: number;
}

export function manifestOf(folder: string): Manifest {
  // npm's file: the fields that are read are npm's own.
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** The folder of a package as Node.js would find it from another folder. */
export function packageFolder(name: string, from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(candidate)) return realpathSync(candidate);
    if (folder === dirname(folder)) throw new Error(`${name} is not installed for ${from}`);
  }
}

function bytesOf(path: string): number {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path)
    .filter((name) => name !== 'node_modules')
    .reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}

/** A package of this workspace counts with the files that it publishes, one from the registry with all that it has. */
function ownBytes(folder: string): number {
  const { files } = manifestOf(folder);
  const published = folder.includes('node_modules') || files === undefined ? ['.'] : [...ALWAYS, ...files];
  return published.reduce((sum, file) => sum + bytesOf(join(folder, file)), 0);
}

export function installedSize(folder: string): InstalledSize {
  const found = new Set<string>();
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const name of Object.keys(manifestOf(next).dependencies ?? {})) {
      const dependency = packageFolder(name, next);
      if (found.has(dependency)) continue;
      found.add(dependency);
      open.push(dependency);
    }
  }
  found.delete(folder);
  return {
    bytes: ownBytes(folder),
    dependencyBytes: [...found].reduce((sum, dependency) => sum + ownBytes(dependency), 0),
    dependencies: found.size,
  };
}
