/** The packages of this repository that go to npm: each folder of packages/ whose package.json is not private. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

export function publishedPackages(repository = root) {
  return readdirSync(join(repository, 'packages'))
    .map((folder) => join(repository, 'packages', folder))
    .map((directory) => ({
      directory,
      manifest: JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')),
    }))
    .filter(({ manifest }) => !manifest.private);
}

/** `@petiole/balancer`, `@petiole/balancer/register`: every entry point that code can load. */
export function entryPoints({ name, publishConfig }) {
  return Object.keys(publishConfig.exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => name + subpath.slice(1));
}
