/** Runs the pnpm that package.json names, also where none is installed, and packs packages with it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './published-packages.mjs';

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** What it prints; throws an error with all of it if it fails. */
export function pnpm(args, options = {}) {
  // Under `pnpm run` there is one already.
  const running = process.env.npm_execpath ?? '';
  const [command, prefix] = /pnpm\.c?js$/.test(running)
    ? ['node', [running]]
    : ['npx', ['--yes', packageManager]];
  try {
    const stdio = ['ignore', 'pipe', 'pipe'];
    return execFileSync(command, [...prefix, ...args], { cwd: root, encoding: 'utf8', stdio, ...options });
  } catch (error) {
    throw new Error(`pnpm ${args.join(' ')} failed:\n${error.stdout ?? ''}${error.stderr ?? ''}`, {
      cause: error,
    });
  }
}

/** The path of the tarball. Not `npm pack`: that keeps the source condition of `exports`, pnpm applies publishConfig. */
export function pack(directory, destination) {
  const folder = mkdtempSync(join(destination, 'packed-'));
  pnpm(['pack', '--pack-destination', folder], { cwd: directory });
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz')),
  );
}
