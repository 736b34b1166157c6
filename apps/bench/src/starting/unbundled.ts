/** The packages as they would be without a build that bundles them: the same sources, compiled to one module per file. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { ALWAYS, manifestOf, packageFolder } from './installed-size.js';
import { APP } from './starting-process.js';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

interface Unbundled {
  readonly folder: string;
  readonly entry: string;
}

/** Runs `body` while they are there; they find each other, and the grpc-js of this application. */
export async function withUnbundled<T>(
  names: readonly string[],
  body: (of: (name: string) => Unbundled) => Promise<T>,
): Promise<T> {
  const scratch = mkdtempSync(join(APP, '.unbundled-'));
  const of = (name: string): Unbundled => {
    const folder = join(scratch, 'node_modules', name);
    return { folder, entry: join(folder, 'dist/index.js') };
  };
  try {
    mkdirSync(join(scratch, 'node_modules'));
    symlinkSync(
      join(packageFolder('@petiole/echo-proto', APP), 'node_modules/@grpc'),
      join(scratch, 'node_modules/@grpc'),
    );
    for (const name of names) await compile(packageFolder(name, APP), of(name).folder);
    return await body(of);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function compile(source: string, folder: string): Promise<void> {
  const manifest = manifestOf(source);
  const copied = [...ALWAYS, ...(manifest.files ?? [])].filter((file) => file !== 'dist');
  for (const file of copied.filter((each) => existsSync(join(source, each)))) {
    cpSync(join(source, file), join(folder, file), { recursive: true });
  }
  const entries = Object.keys(manifest.exports ?? {}).filter((subpath) => subpath !== './package.json');
  const exports = entries.map((subpath) => [subpath, `./dist/${subpath.slice(2) || 'index'}.js`]);
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ ...manifest, exports: Object.fromEntries(exports) }, null, 2),
  );
  const options = [
    '--noEmit',
    'false',
    '--declaration',
    '--rootDir',
    'src',
    '--outDir',
    join(folder, 'dist'),
  ];
  const config = join(source, 'tsconfig.unbundled.json');
  try {
    writeFileSync(config, JSON.stringify({ extends: './tsconfig.json', include: ['src'] }));
    await execa('tsc', ['-p', config, ...options], { cwd: source, preferLocal: true, localDir: ROOT });
  } finally {
    rmSync(config, { force: true });
  }
}
