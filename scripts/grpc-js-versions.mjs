/**
 * Runs the tests of the published packages with other versions of grpc-js, each
 * in a temporary copy of the workspace that is installed for it.
 *
 *     node scripts/grpc-js-versions.mjs [version…]
 *
 * Default: the oldest version of the peer range and the one of the catalog. The tests run on the Node.js that runs
 * this script. Ends with 1 if a run has failed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = ['@petiole/balancer', '@petiole/echo-proto', '@petiole/resolver'];
const CATALOG_ENTRY = /^( *"@grpc\/grpc-js": ).*$/m;

const root = fileURLToPath(new URL('..', import.meta.url));
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function defaultVersions() {
  const { peerDependencies } = JSON.parse(readFileSync(join(root, 'packages/balancer/package.json'), 'utf8'));
  const catalog = CATALOG_ENTRY.exec(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8'));
  if (catalog === null) throw new Error('pnpm-workspace.yaml: no "@grpc/grpc-js" in the catalog');
  return [peerDependencies['@grpc/grpc-js'].replace('^', ''), catalog[0].replace(catalog[1], '').trim()];
}

/** The workspace as it stands, committed or not, without what git ignores. */
function copyWorkspace(directory) {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of files.split('\0')) {
    if (file === '' || !existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    cpSync(join(root, file), join(directory, file), { force: true });
  }
}

function pnpm(directory, ...args) {
  const { status } = spawnSync('npx', ['--yes', packageManager, ...args], {
    cwd: directory,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      CI: 'true',
    },
  });
  return status === 0;
}

function testWith(version) {
  const directory = mkdtempSync(join(tmpdir(), `petiole-grpc-js-${version}-`));
  try {
    copyWorkspace(directory);
    const workspace = join(directory, 'pnpm-workspace.yaml');
    writeFileSync(workspace, readFileSync(workspace, 'utf8').replace(CATALOG_ENTRY, `$1${version}`));
    if (!pnpm(directory, 'install', '--no-frozen-lockfile', '--prefer-offline')) return false;
    const filters = PACKAGES.flatMap((name) => ['--filter', name]);
    return pnpm(directory, ...filters, '--no-bail', '--workspace-concurrency=1', 'run', 'test');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const versions = process.argv.length > 2 ? process.argv.slice(2) : [...new Set(defaultVersions())];
const failed = [];
for (const version of versions) {
  console.log(`\n=== grpc-js ${version} on Node.js ${process.version}`);
  if (!testWith(version)) failed.push(version);
}
console.log(failed.length === 0 ? `passed with ${versions.join(', ')}` : `failed with ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
