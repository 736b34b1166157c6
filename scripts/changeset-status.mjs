/**
 * Ends with 1 when a published package differs from main and there is no changeset: what `changeset status` does, but for
 * a release. The release's commit uses all changesets up, so it is known by what it may touch and by the raised versions.
 *     node scripts/changeset-status.mjs [--since REF]
 * REF: default main, where this clone has that branch, else origin/main; without either there is nothing to compare with.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import getChangesets from '@changesets/read';
import { pnpm } from './pnpm.mjs';
import { publishedPackages, root } from './published-packages.mjs';

/** All that `pnpm run version-packages` writes: a change of anything else wants a changeset. */
const OF_A_RELEASE =
  /^(\.changeset\/[^/]+\.md|packages\/[^/]+\/(package\.json|CHANGELOG\.md)|pnpm-lock\.yaml)$/;

const { values } = parseArgs({ options: { since: { type: 'string' } } });
const since = values.since ?? ['refs/heads/main', 'origin/main'].find(exists);

if (since === undefined) {
  console.log('no main branch in this clone to compare with');
} else if (await isRelease(git('merge-base', 'HEAD', since))) {
  console.log(
    `a release: no changeset is left, and every package that differs from ${since} has a new version`,
  );
} else {
  // By itself, status compares with the branch main, and counts changesets that are older than this branch too.
  const flags = since === 'refs/heads/main' ? [] : [`--since=${since}`];
  await pnpm(['exec', 'changeset', 'status', ...flags]).then(
    (output) => console.log(output.trim()),
    (error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}

async function isRelease(base) {
  const files = git('diff', '--name-only', base).split('\n').filter(Boolean);
  if (files.length === 0 || !files.every((file) => OF_A_RELEASE.test(file))) return false;
  if ((await getChangesets(root)).length > 0) return false;
  const changed = publishedPackages().filter(({ directory }) =>
    files.some((file) => file.startsWith(`${folderOf(directory)}/`)),
  );
  return changed.length > 0 && changed.every((one) => isRaised(one, base));
}

/** The version and nothing else of package.json differs, and the changelog begins with it. */
function isRaised({ directory, manifest: { version, ...rest } }, base) {
  const { version: before, ...restBefore } = JSON.parse(
    git('show', `${base}:${folderOf(directory)}/package.json`),
  );
  const changelog = join(directory, 'CHANGELOG.md');
  return (
    version !== before &&
    JSON.stringify(rest) === JSON.stringify(restBefore) &&
    existsSync(changelog) &&
    readFileSync(changelog, 'utf8').includes(`\n## ${version}\n`)
  );
}

function folderOf(directory) {
  return relative(root, directory).replaceAll('\\', '/');
}

function exists(ref) {
  try {
    return git('rev-parse', '--quiet', '--verify', ref) !== '';
  } catch {
    return false;
  }
}

function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}
