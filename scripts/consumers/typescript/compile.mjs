/**
 * `compile.mjs typescript-5.4 node10 commonjs`: compiles sources/ and the order check, strictly, and runs the latter. The compiler
 * also reads the declarations of dependencies; where grpc-js's own do not compile with an old TypeScript, errors in other files count.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';

const [typescript, moduleResolution, format] = process.argv.slice(2);
const MODULES = { node10: 'commonjs', bundler: 'esnext' };

const folder = process.argv.slice(2).join('-');
mkdirSync(folder);
cpSync('sources', folder, { recursive: true });
cpSync('order.ts', `${folder}/order.ts`);
writeFileSync(
  `${folder}/main.ts`,
  "import { order } from './order.js';\n\norder().then((answers) => console.log(answers));\n",
);
writeFileSync(`${folder}/package.json`, JSON.stringify({ type: format === 'esm' ? 'module' : 'commonjs' }));

function diagnostics(skipLibCheck) {
  const compilerOptions = {
    module: MODULES[moduleResolution] ?? moduleResolution,
    moduleResolution,
    skipLibCheck,
    target: 'es2022',
    lib: ['es2022'],
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    // What a consumer exports can be named in declarations of its own.
    declaration: true,
    rootDir: '.',
    outDir: 'out',
    // TypeScript 6 has this resolution for the last time.
    ...(typescript === 'typescript-6' && moduleResolution === 'node10' ? { ignoreDeprecations: '6.0' } : {}),
  };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const tsc = `node_modules/${typescript}/bin/tsc`;
  const { stdout } = spawnSync('node', [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => /error TS\d+/.test(line));
}

const strict = diagnostics(false);
assert.deepEqual(
  strict.filter((line) => !/node_modules\/@grpc\/grpc-js\//.test(line)),
  [],
);
if (strict.length > 0) assert.deepEqual(diagnostics(true), []);
cpSync(`${folder}/package.json`, `${folder}/out/package.json`);
process.stdout.write(execFileSync('node', [`${folder}/out/main.js`]));
