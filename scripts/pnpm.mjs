/** Runs the pnpm that package.json names, also where none is installed, and packs packages with it. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './published-packages.mjs';

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const execute = promisify(execFile);
let directory;

/** What it prints; rejects with an error with all of it if it fails. */
export async function pnpm(args, { env = process.env, ...options } = {}) {
  directory ??= await locate();
  try {
    // changesets looks for pnpm on the PATH.
    const PATH = directory + delimiter + env.PATH;
    const { stdout } = await execute(join(directory, 'pnpm'), args, {
      cwd: root,
      env: { ...env, PATH },
      ...options,
    });
    return stdout;
  } catch (error) {
    throw new Error(`pnpm ${args.join(' ')} failed:\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  }
}

/** The path of the tarball. Not `npm pack`: that keeps the source condition of `exports`, pnpm applies publishConfig. */
export async function pack(packageDirectory, destination) {
  const folder = mkdtempSync(join(destination, 'packed-'));
  await pnpm(['pack', '--pack-destination', folder], { cwd: packageDirectory });
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz')),
  );
}

/** The folder of the executable, looked for once: with another registry set, npx would ask that one for pnpm. */
async function locate() {
  const path = ['exec', 'node', '-p', 'process.env.PATH'];
  const { stdout: paths } = await execute('npx', ['--yes', packageManager, ...path], { cwd: root });
  const found = paths
    .trim()
    .split(delimiter)
    .find((path) => existsSync(join(path, 'pnpm')));
  if (found === undefined) throw new Error(`npx does not put ${packageManager} on the PATH`);
  return found;
}
