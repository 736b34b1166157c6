/**
 * Ends with 1 when a package's API report has changed and no changeset names the package.
 *     node scripts/api-changesets.mjs [--since REF] [--repository DIRECTORY]
 * On a branch: changed since it left REF (default: origin/main), with a changeset since then. On main itself, and in a
 * clone that has nothing to compare with: changed since the commit that set the package's current version.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import getChangesets from '@changesets/read';
import { publishedPackages, root } from './published-packages.mjs';

/** What a package has before its first release; changesets take it from there. */
const UNRELEASED = '0.0.0';

const { values } = parseArgs({
  options: {
    since: { type: 'string', default: 'origin/main' },
    repository: { type: 'string', default: root },
  },
});
const repository = resolve(values.repository);
const branchedAt = whereBranched(values.since);
const changesets = await getChangesets(repository, branchedAt);
const named = new Set(changesets.flatMap(({ releases }) => releases.map(({ name }) => name)));

for (const { directory, manifest } of publishedPackages(repository)) {
  const { commit, since } = baseOf(directory, manifest);
  const changed = changedReports(directory, commit);
  const missing = changed.length > 0 && !named.has(manifest.name);
  const verdict = changed.length === 0 ? 'unchanged' : missing ? 'NO CHANGESET' : 'has a changeset';
  console.log(`${manifest.name}: API ${verdict}, compared with ${since}`);
  if (!missing) continue;
  console.error(`  ${changed.join(', ')} changed: run \`pnpm changeset\` and name ${manifest.name}`);
  process.exitCode = 1;
}

/** The commit at which HEAD left `ref`; undefined if it has not, or if there is no such ref. */
function whereBranched(ref) {
  const commit = git('merge-base', 'HEAD', ref)?.trim();
  return commit === git('rev-parse', 'HEAD')?.trim() ? undefined : commit;
}

function baseOf(directory, { version }) {
  if (branchedAt !== undefined)
    return { commit: branchedAt, since: `${values.since} at ${short(branchedAt)}` };
  if (version === UNRELEASED) return { commit: undefined, since: 'nothing: it is unreleased' };
  const path = join(directory, 'package.json');
  const committed = JSON.parse(git('show', `HEAD:./${relativePath(path)}`) ?? '{}').version;
  const commit =
    version === committed ? git('log', '-1', '--format=%H', '-G^ *"version":', '--', path)?.trim() : 'HEAD';
  if (!commit) throw new Error(`no commit sets the version of ${path}: is this a shallow clone?`);
  return { commit, since: `${version} at ${short(commit)}` };
}

/** Names of the reports of which a declaration differs; comments are no API. */
function changedReports(directory, commit) {
  const folder = join(directory, 'api');
  const path = relativePath(folder);
  const before = commit && git('ls-tree', '--name-only', commit, `${path}/`);
  const names = new Set([
    ...(existsSync(folder) ? readdirSync(folder) : []),
    ...(before ?? '').split('\n').flatMap((file) => file.split('/').at(-1) || []),
  ]);
  return [...names].filter((name) => {
    const now = existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '';
    return declarations(now) !== declarations((commit && git('show', `${commit}:./${path}/${name}`)) ?? '');
  });
}

function declarations(report) {
  return report
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('//'))
    .join('\n');
}

function relativePath(path) {
  return relative(repository, path).replaceAll('\\', '/');
}

function short(commit) {
  return git('rev-parse', '--short', commit)?.trim();
}

/** What git prints, undefined if it fails. */
function git(...args) {
  try {
    return execFileSync('git', args, {
      cwd: repository,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return undefined;
  }
}
