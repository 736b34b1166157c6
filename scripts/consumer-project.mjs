/**
 * What the checks of the packages as their users get them share: tarballs, the Node.js and TypeScript versions that consumers/
 * names, and an application's folder outside of this repository, which npm fills. pnpm must be on the PATH, as it is in its scripts.
 */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const FLAGS = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
const LIMIT_MS = 120_000;

const root = fileURLToPath(new URL('..', import.meta.url));
export const consumers = join(root, 'scripts/consumers');
const tools = readJson(join(consumers, 'package.json'));

/** `@types/node@20.19.1`: what a project is to install to have the version that this workspace tests with. */
export function asTested(name, folder = 'packages/balancer') {
  return `${name}@${readJson(join(root, folder, 'node_modules', name, 'package.json')).version}`;
}

/** Each package that goes to npm; `tarballs` has those of this repository that it depends on, which npm must not look for. */
export async function packPackages(scratch) {
  await run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: consumers });
  const packages = new Map();
  for (const folder of readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))) {
    const manifest = readJson(join(folder, 'package.json'));
    if (manifest.private) continue;
    // Not `npm pack`: that keeps the source condition of `exports`, pnpm applies publishConfig.
    const destination = mkdtempSync(join(scratch, 'packed-'));
    await run('pnpm', ['pack', '--pack-destination', destination], { cwd: folder });
    packages.set(manifest.name, { manifest, tarball: join(destination, readdirSync(destination)[0]) });
  }
  return [...packages.values()].map(({ manifest: { name, dependencies, publishConfig } }) => ({
    name,
    app: basename(name),
    /** `@petiole/balancer`, `@petiole/balancer/register`: all that code can load. */
    entries: Object.keys(publishConfig.exports)
      .filter((subpath) => subpath !== './package.json')
      .map((subpath) => name + subpath.slice(1)),
    tarballs: [name, ...Object.keys(dependencies ?? {})].flatMap((one) => packages.get(one)?.tarball ?? []),
  }));
}

/**
 * `{ version: 'v20.20.2', directory }` each; `directory` holds the binary. npm has them for Linux on x64, and there each must
 * be installed: they are optional for other systems only, where it is the Node.js that runs this script.
 */
export async function nodeVersions() {
  const installed = Object.keys(tools.optionalDependencies).map((name) =>
    join(consumers, 'node_modules', name, 'bin'),
  );
  const inRegistry = process.platform === 'linux' && process.arch === 'x64';
  const directories = inRegistry ? installed : [dirname(process.execPath)];
  return Promise.all(
    directories.map(async (directory) => ({
      directory,
      version: (await run(join(directory, 'node'), ['--version'])).output,
    })),
  );
}

/** `{ version: '5.4.5', tsc: path }` each, oldest first. */
export function typescriptVersions() {
  return Object.keys(tools.devDependencies)
    .filter((name) => name.startsWith('typescript-'))
    .map((name) => join(consumers, 'node_modules', name))
    .map((folder) => ({
      version: readJson(join(folder, 'package.json')).version,
      tsc: join(folder, 'bin/tsc'),
    }));
}

/** Bundles an application and all that it imports into one CommonJS file, as esbuild does for Node.js by default. */
export async function bundle(entry, outfile) {
  const { build } = createRequire(join(consumers, 'package.json'))('esbuild');
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', logLevel: 'error' });
}

/** An empty project with the applications of consumers/apps; its npm and node are those of `nodeDirectory`. */
export function makeProject(directory, nodeDirectory = dirname(process.execPath)) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  cpSync(join(consumers, 'apps'), directory, { recursive: true });
  // As it would be without pnpm, which runs this, and without what its user set for other runs.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?!config_)|^NODE_|^GRPC_/.test(name),
  );
  const env = { ...Object.fromEntries(inherited), PATH: nodeDirectory + delimiter + process.env.PATH };
  return {
    directory,
    has: (path) => existsSync(join(directory, path)),
    npmInstall: (...specs) => run('npm', ['install', ...FLAGS, ...specs], { cwd: directory, env }),
    node: (...args) => run('node', args, { cwd: directory, env }),
  };
}

/** `{ output, errors }` of a process that ends with 0; throws otherwise. */
export async function run(command, args, options) {
  try {
    const result = await promisify(execFile)(command, args, { timeout: LIMIT_MS, ...options });
    return { output: result.stdout.trim(), errors: result.stderr.trim() };
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}:\n${error.stdout ?? ''}${error.stderr || error.message}`);
  }
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
