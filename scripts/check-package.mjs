/**
 * Proves that the package in the current folder works once it is published:
 * packs it with pnpm, lints the tarball (publint, are-the-types-wrong), and
 * installs it with npm into an empty project beside @grpc/grpc-js, where
 * every entry point must load by `import` and by `require()`. It must be built,
 * and so must the packages of this repository that it depends on.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKED_ALWAYS = ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'];
const NEVER_PACKED = /^(src|test)\/|tsconfig|\.test\.|\.tsbuildinfo$/;

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const grpcVersion = JSON.parse(readFileSync('node_modules/@grpc/grpc-js/package.json', 'utf8')).version;
const scratch = mkdtempSync(join(tmpdir(), 'petiole-package-'));

try {
  const tarball = pack('.');
  checkFiles(tarball);
  step('publint', () => run('publint', ['--strict', tarball]));
  // ES modules only: that require() sees an ES module is what we mean.
  step('attw', () => run('attw', [tarball, '--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm']));
  install([tarball, ...dependencies().map(pack)]);
  for (const entry of entryPoints()) {
    step(`import ${entry}`, () => load(`await import(${JSON.stringify(entry)})`, 'module'));
    step(`require ${entry}`, () => load(`require(${JSON.stringify(entry)})`, 'commonjs'));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function pack(directory) {
  // npm pack would keep the source condition of `exports`; only pnpm applies publishConfig.
  const npmExecpath = process.env.npm_execpath ?? '';
  const [command, prefix] = /pnpm\.c?js$/.test(npmExecpath) ? ['node', [npmExecpath]] : ['pnpm', []];
  const folder = mkdtempSync(join(scratch, 'packed-'));
  // Without prepack, which would clear what the checks of other packages pack at the same time.
  const args = [...prefix, 'pack', '--config.ignore-scripts=true', '--pack-destination', folder];
  run(command, args, { cwd: directory });
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz')),
  );
}

/** The folders of the packages of this repository that it depends on: npm must not look for them in the registry. */
function dependencies() {
  return Object.keys(manifest.dependencies ?? {})
    .filter((name) => name.startsWith('@petiole/'))
    .map((name) => join(root, 'packages', name.slice('@petiole/'.length)));
}

function checkFiles(tarball) {
  const files = run('tar', ['-tzf', tarball])
    .trim()
    .split('\n')
    .map((file) => file.replace(/^package\//, ''));
  const absent = PACKED_ALWAYS.filter((file) => !files.includes(file));
  if (absent.length > 0) fail(`the tarball lacks ${absent.join(', ')}`);
  const stray = files.filter((file) => NEVER_PACKED.test(file));
  if (stray.length > 0) fail(`the tarball must not hold ${stray.join(', ')}`);
  const packed = JSON.parse(run('tar', ['-xzOf', tarball, 'package/package.json']));
  if (JSON.stringify(packed.exports).includes('@petiole/source'))
    fail('exports still has the source condition');
  console.log(`ok   pack: ${files.length} files`);
}

function install(tarballs) {
  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  step(`npm install beside @grpc/grpc-js@${grpcVersion}`, () =>
    run('npm', ['install', ...flags, ...tarballs, `@grpc/grpc-js@${grpcVersion}`], { cwd: scratch }),
  );
}

/** `@petiole/balancer`, `@petiole/balancer/register`: every published entry point but package.json. */
function entryPoints() {
  return Object.keys(manifest.publishConfig.exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => manifest.name + subpath.slice(1));
}

/** Loads an entry point in a process of its own; the main one must export something. */
function load(expression, inputType) {
  const count = run(
    'node',
    [`--input-type=${inputType}`, '-e', `process.stdout.write(String(Object.keys(${expression}).length))`],
    { cwd: scratch },
  );
  if (Number(count) === 0 && !/register/.test(expression)) fail(`${expression} exports nothing`);
}

function step(name, check) {
  check();
  console.log(`ok   ${name}`);
}

function run(command, args, options = {}) {
  const PATH = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH },
      ...options,
    });
  } catch (error) {
    process.stdout.write(error.stdout ?? '');
    process.stderr.write(error.stderr ?? '');
    return fail(
      `${command} ${args.join(' ')}: ${error.status === null ? error.message : `exit ${error.status}`}`,
    );
  }
}

function fail(message) {
  throw new Error(`${manifest.name}: ${message}`);
}
