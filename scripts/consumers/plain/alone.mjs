/** npm installs each package alone beside grpc-js in an empty folder, and each of its entries is imported and required there. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const { dependencies } = read('package.json');

for (const name of Object.keys(dependencies).filter((each) => each.startsWith('@petiole/'))) {
  const { dependencies: needed = {}, exports } = require(`${name}/package.json`);
  const own = [name, ...Object.keys(needed).filter((each) => each in dependencies)];
  const folder = join('alone', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const specs = [`@grpc/grpc-js@${dependencies['@grpc/grpc-js']}`, ...own.map((each) => dependencies[each])];
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  execFileSync('npm', ['install', ...flags, ...specs], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  for (const subpath of Object.keys(exports)) {
    const entry = JSON.stringify(name + subpath.slice(1));
    const load = [`require(${entry})`];
    if (subpath !== './package.json') load.push(`import(${entry})`);
    for (const code of load) execFileSync('node', ['-e', code], { cwd: folder, stdio: 'inherit' });
  }
}
await import('./main.mjs');
