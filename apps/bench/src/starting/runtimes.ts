/** The lines of Node.js that the packages are for: this process's own, and the newest of each later line, from npm. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export interface Runtime {
  /** `Node.js 24.22.3` */
  readonly name: string;
  readonly binary: string;
}

/** This process's. */
export const OWN: Runtime = { name: `Node.js ${process.versions.node}`, binary: process.execPath };

/** Where the versions stand that consumers are checked with. */
const MANIFEST = fileURLToPath(
  new URL('../../../../scripts/consumers/runtimes/package.json', import.meta.url),
);

/** Runs `body` while they are there. Elsewhere than on Linux on x64 there is the own one only. */
export async function withRuntimes<T>(body: (runtimes: readonly Runtime[]) => Promise<T>): Promise<T> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return body([OWN]);
  const lines = laterLines();
  const scratch = mkdtempSync(join(tmpdir(), 'petiole-bench-'));
  try {
    writeFileSync(
      join(scratch, 'package.json'),
      JSON.stringify({ private: true, dependencies: Object.fromEntries(lines) }),
    );
    await execa('npm', ['install', '--no-audit', '--no-fund'], { cwd: scratch, timeout: 300_000 });
    const later = lines.map(([line, source]) => ({
      name: `Node.js ${source.split('@').at(-1)}`,
      binary: join(scratch, 'node_modules', line, 'bin/node'),
    }));
    return await body([OWN, ...later]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** `node-24`, and where npm has it. */
function laterLines(): [string, string][] {
  // A file of this repository.
  const { optionalDependencies } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  const own = Number.parseInt(process.versions.node, 10);
  return Object.entries(optionalDependencies).filter(
    ([name]) => Number(/^node-(\d+)$/.exec(name)?.[1]) > own,
  );
}
