/**
 * Compiles consumers/types against the packed packages, installed with npm, with each TypeScript that consumers may have and
 * each kind of module resolution. The compiler also reads the declarations of dependencies (no skipLibCheck); where
 * grpc-js's own do not compile with an old TypeScript, errors in other files than grpc-js's count.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  asTested,
  consumers,
  makeProject,
  packPackages,
  run,
  typescriptVersions,
} from './consumer-project.mjs';

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
  const packages = await packPackages(scratch);
  const tarballs = new Set(packages.flatMap((one) => one.tarballs));
  await makeProject(scratch).npmInstall(...tarballs, asTested('@grpc/grpc-js'), asTested('@types/node', '.'));
  for (const extension of ['ts', 'cts']) copySources(extension);
  const rows = [];
  for (const { version, tsc } of typescriptVersions()) {
    const cells = Object.keys(KINDS).map(async (kind) => [kind, await compile(version, tsc, kind)]);
    rows.push({ TypeScript: version, ...Object.fromEntries(await Promise.all(cells)) });
  }
  console.table(rows);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function copySources(extension) {
  mkdirSync(join(scratch, extension));
  writeFileSync(join(scratch, extension, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const file of readdirSync(join(consumers, 'types'))) {
    cpSync(join(consumers, 'types', file), join(scratch, extension, file.replace(/ts$/, extension)));
  }
}

async function compile(version, tsc, kind) {
  const strict = await diagnostics(version, tsc, kind, false);
  if (version.startsWith(REQUIRES_NO_MODULES.version) && kind === REQUIRES_NO_MODULES.kind) {
    assert.match(strict.join('\n'), new RegExp(REQUIRES_NO_MODULES.error));
    return `refused, ${REQUIRES_NO_MODULES.error}`;
  }
  const ours = strict.filter((line) => !line.startsWith('node_modules/@grpc/'));
  assert.deepEqual(ours, [], `TypeScript ${version}, ${kind}:\n${ours.join('\n')}`);
  if (strict.length === 0) return 'ok';
  const skipping = await diagnostics(version, tsc, kind, true);
  assert.deepEqual(skipping, [], `TypeScript ${version}, ${kind}, skipLibCheck:\n${skipping.join('\n')}`);
  return `ok with skipLibCheck (${strict.length} errors in grpc-js)`;
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
    await run('node', [tsc, '--project', config, '--pretty', 'false'], { cwd: scratch });
    return [];
  } catch (error) {
    const lines = error.message.split('\n').filter((line) => /error TS\d+/.test(line));
    if (lines.length === 0) throw error;
    return lines;
  }
}
