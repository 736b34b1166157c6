/**
 * Runs the tests of the packages with other versions of grpc-js, on the Node.js that runs this script, each in a temporary
 * copy of the workspace, as it stands, that is installed for it:
 *     node scripts/grpc-js-versions.mjs VERSION…
 * Ends with 1 if a run has failed.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NOT_COPIED = new Set(['.git', '.turbo', 'dist', 'node_modules']);
const CATALOG_ENTRY = /^( *"@grpc\/grpc-js": ).*$/m;

const root = fileURLToPath(new URL('..', import.meta.url));
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function pnpm(cwd, ...args) {
  const PATH = dirname(process.execPath) + delimiter + process.env.PATH;
  const env = { ...process.env, PATH, CI: 'true' };
  const stdio = ['ignore', 'inherit', 'inherit'];
  return spawnSync('npx', ['--yes', packageManager, ...args], { cwd, env, stdio }).status === 0;
}

function testWith(version) {
  const directory = mkdtempSync(join(tmpdir(), `petiole-grpc-js-${version}-`));
  try {
    cpSync(root, directory, { recursive: true, filter: (path) => !NOT_COPIED.has(basename(path)) });
    const workspace = join(directory, 'pnpm-workspace.yaml');
    writeFileSync(workspace, readFileSync(workspace, 'utf8').replace(CATALOG_ENTRY, `$1${version}`));
    return (
      pnpm(directory, 'install', '--no-frozen-lockfile', '--prefer-offline') &&
      pnpm(directory, '--filter=./packages/*', '--no-bail', '--workspace-concurrency=1', 'run', 'test')
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const versions = process.argv.slice(2);
const failed = versions.filter((version) => {
  console.log(`\n=== grpc-js ${version} on Node.js ${process.version}`);
  return !testWith(version);
});
console.log(failed.length === 0 ? `passed with ${versions.join(', ')}` : `failed with ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
