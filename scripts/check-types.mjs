/**
 * Compiles consumers/types against the packed packages, installed with npm, with each TypeScript that consumers may have and
 * each kind of module resolution. The compiler also reads the declarations of dependencies (no skipLibCheck); where
 * grpc-js's own do not compile with an old TypeScript, errors in other files than grpc-js's count.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { grpcJs, makeProject } from './consumer-project.mjs';
import { consumers, installTools, typescriptVersions } from './consumer-tools.mjs';
import { pack } from './pnpm.mjs';
import { publishedPackages, root } from './published-packages.mjs';

const KINDS = {
  'node16, ESM': { module: 'node16', moduleResolution: 'node16', extension: 'ts' },
  'nodenext, ESM': { module: 'nodenext', moduleResolution: 'nodenext', extension: 'ts' },
  'bundler, ESM': { module: 'esnext', moduleResolution: 'bundler', extension: 'ts' },
  'nodenext, CommonJS': { module: 'nodenext', moduleResolution: 'nodenext', extension: 'cts' },
};
/** Before 5.8, TypeScript does not know that require() loads ES modules: "TS1479: … produce 'require' calls". */
const REQUIRES_NO_MODULES = { version: '5.4', kind: 'nodenext, CommonJS', error: 'TS1479' };

const scratch = mkdtempSync(join(tmpdir(), 'petiole-types-'));
try {
  await installTools();
  const project = makeProject(scratch);
  const tarballs = [];
  for (const { directory } of publishedPackages()) tarballs.push(await pack(directory, scratch));
  await project.npmInstall(...tarballs, grpcJs, `@types/node@${typesNode()}`);
  for (const extension of ['ts', 'cts']) copySources(extension);
  const rows = [];
  for (const { version, tsc } of typescriptVersions()) {
    const cells = await inPairs(Object.keys(KINDS), (kind) => compile(version, tsc, kind));
    rows.push({ TypeScript: version, ...Object.fromEntries(cells) });
  }
  console.table(rows);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function copySources(extension) {
  mkdirSync(join(scratch, extension));
  writeFileSync(join(scratch, extension, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const file of readdirSync(join(consumers, 'types'))) {
    copyFileSync(join(consumers, 'types', file), join(scratch, extension, file.replace(/ts$/, extension)));
  }
}

async function compile(version, tsc, kind) {
  const strict = await diagnostics(version, tsc, kind, false);
  if (version.startsWith(REQUIRES_NO_MODULES.version) && kind === REQUIRES_NO_MODULES.kind) {
    assert(
      strict.some((line) => line.includes(REQUIRES_NO_MODULES.error)),
      `${version}, ${kind}:\n${strict.join('\n')}`,
    );
    return [kind, `refused, ${REQUIRES_NO_MODULES.error}`];
  }
  const ours = strict.filter((line) => !line.startsWith('node_modules/@grpc/'));
  assert.deepEqual(ours, [], `TypeScript ${version}, ${kind}:\n${ours.join('\n')}`);
  if (strict.length === 0) return [kind, 'ok'];
  const skipping = await diagnostics(version, tsc, kind, true);
  assert.deepEqual(skipping, [], `TypeScript ${version}, ${kind}, skipLibCheck:\n${skipping.join('\n')}`);
  return [kind, `ok with skipLibCheck (${strict.length} errors in grpc-js)`];
}

/** One line for each error that the compiler finds. */
async function diagnostics(version, tsc, kind, skipLibCheck) {
  const { extension, ...modules } = KINDS[kind];
  const name = `${version}-${kind.replace(/\W+/g, '-')}-${skipLibCheck}`;
  const config = join(scratch, `tsconfig.${name}.json`);
  const compilerOptions = {
    ...modules,
    skipLibCheck,
    target: 'es2022',
    lib: ['es2022'],
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    // What a consumer exports can be named in declarations of its own.
    declaration: true,
    rootDir: extension,
    outDir: `out/${name}`,
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, include: [`${extension}/*`] }));
  try {
    await promisify(execFile)('node', [tsc, '--project', config, '--pretty', 'false'], { cwd: scratch });
    return [];
  } catch (error) {
    const lines = error.stdout?.split('\n').filter((line) => /error TS\d+/.test(line)) ?? [];
    if (lines.length === 0) throw error;
    return lines;
  }
}

async function inPairs(items, work) {
  const results = [];
  for (let i = 0; i < items.length; i += 2)
    results.push(...(await Promise.all(items.slice(i, i + 2).map(work))));
  return results;
}

function typesNode() {
  return JSON.parse(readFileSync(join(root, 'node_modules/@types/node/package.json'), 'utf8')).version;
}
