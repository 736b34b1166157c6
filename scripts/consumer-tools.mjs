/** The Node.js and TypeScript versions and the registry of consumers/package.json, installed there on first use. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pnpm } from './pnpm.mjs';
import { root } from './published-packages.mjs';

export const consumers = join(root, 'consumers');
const manifest = JSON.parse(readFileSync(join(consumers, 'package.json'), 'utf8'));

export async function installTools() {
  await pnpm(['install', '--frozen-lockfile', '--prefer-offline'], { cwd: consumers });
}

/**
 * `{ name: 'Node 20', version: 'v20.20.2', directory }` each; `directory` holds the binary. npm has them for
 * Linux on x64, and there each must be installed. Elsewhere it is the Node.js that runs this script.
 */
export function nodeVersions() {
  const names = Object.keys(manifest.optionalDependencies);
  const binariesOf = (name) => join(consumers, 'node_modules', name, 'bin');
  const missing = names.filter((name) => !existsSync(join(binariesOf(name), 'node')));
  const inRegistry = process.platform === 'linux' && process.arch === 'x64';
  // They are optional for other systems only: pnpm goes on without one that it could not fetch.
  if (inRegistry && missing.length > 0)
    throw new Error(
      `consumers/node_modules lacks ${missing.join(', ')} of optionalDependencies: remove consumers/node_modules and run again`,
    );
  const directories = inRegistry ? names.map(binariesOf) : [dirname(process.execPath)];
  return directories.map((directory) => {
    const version = execFileSync(join(directory, 'node'), ['--version'], { encoding: 'utf8' }).trim();
    return { name: `Node ${version.slice(1).split('.')[0]}`, version, directory };
  });
}

/** `{ version: '5.4.5', tsc: path }` each, oldest first. */
export function typescriptVersions() {
  return Object.keys(manifest.devDependencies)
    .filter((name) => name.startsWith('typescript-'))
    .map((name) => join(consumers, 'node_modules', name))
    .map((directory) => ({
      version: JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')).version,
      tsc: join(directory, 'bin/tsc'),
    }));
}

/** Bundles an application and all that it imports into one CommonJS file, as esbuild does for Node.js by default. */
export async function bundle(entry, outfile) {
  const { build } = createRequire(join(consumers, 'package.json'))('esbuild');
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', logLevel: 'error' });
}

export function verdaccioBinary() {
  const require = createRequire(join(consumers, 'package.json'));
  return join(dirname(require.resolve('verdaccio/package.json')), 'bin/verdaccio');
}
