/**
 * Releases what is committed here, twice, in a clone in a temporary folder and to an empty registry on the loopback,
 * with the commands of .github/workflows/release.yml. Looks at versions, changelogs, tags and what was published, and
 * runs the applications of consumers/apps with it. Neither this work tree nor a real registry is touched.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import getChangesets from '@changesets/read';
import { parse } from 'yaml';
import { environment, grpcJs, makeProject } from './consumer-project.mjs';
import { installTools } from './consumer-tools.mjs';
import { startRegistry } from './local-registry.mjs';
import { pnpm } from './pnpm.mjs';
import { entryPoints, publishedPackages, root } from './published-packages.mjs';

/** What the second release consists of: one package of the three. */
const SECOND = {
  name: '@petiole/balancer',
  bump: 'patch',
  sentence: 'Written by scripts/check-release.mjs.',
};

const scratch = mkdtempSync(join(tmpdir(), 'petiole-release-'));
const clone = join(scratch, 'repository');
const userConfig = join(scratch, 'npmrc');
const inCloneAsText = { cwd: clone, encoding: 'utf8' };
let registry;

try {
  await installTools();
  registry = await startRegistry(join(scratch, 'registry'));
  checkWorkflow();
  await makeClone();

  const first = await raiseVersions();
  await refuseProvenanceElsewhere();
  await publish(first);
  console.log('\nFirst release:');
  console.table(first.map(row));

  writeFileSync(
    join(clone, '.changeset/second-release.md'),
    `---\n"${SECOND.name}": ${SECOND.bump}\n---\n\n${SECOND.sentence}\n`,
  );
  const second = await raiseVersions();
  assert.deepEqual(
    second.filter(({ before, after }) => before !== after).map(({ name }) => name),
    [SECOND.name],
  );
  await publish(second);
  console.log('\nSecond release, of one package:');
  console.table(second.map(row));

  await runPublished(second);
} finally {
  await registry?.stop();
  rmSync(scratch, { recursive: true, force: true });
}

function checkWorkflow() {
  const workflow = (name) => parse(readFileSync(join(root, '.github/workflows', name), 'utf8')).jobs;
  const { check, version, publish } = workflow('release.yml');
  for (const { steps } of [...Object.values(workflow('ci.yml')), check, version, publish]) {
    for (const { uses, with: settings } of steps.filter((step) => step.uses !== undefined)) {
      assert.match(uses, /@[0-9a-f]{40}$/, 'a tag can be moved, a commit cannot');
      if (uses.startsWith('actions/checkout@')) assert.equal(settings['persist-credentials'], false);
    }
  }
  assert(check.steps.some(({ run }) => run === '.ci/run'));
  assert(!('permissions' in check), 'only the jobs that release may write');
  const changesets = ({ steps }) => steps.find(({ uses }) => uses?.startsWith('changesets/action@'));

  assert.equal(version.needs, 'check', 'what CI has not passed is not released');
  assert.equal(changesets(version).with.version, 'pnpm run version-packages');
  assert(!('publish' in changesets(version).with) && !('id-token' in version.permissions));

  assert.equal(publish.needs, 'version');
  assert.equal(publish.environment, 'npm', 'where the repository’s settings say who must agree');
  assert.equal(publish.permissions['id-token'], 'write');
  assert.equal(changesets(publish).with.publish, 'pnpm run release');
  assert.equal(changesets(publish).env.NPM_CONFIG_PROVENANCE, 'true');
  assert(!JSON.stringify(publish).includes('NPM_TOKEN'), 'trusted publishing: the id-token is the only key');
  for (const { directory, manifest } of publishedPackages()) {
    assert.equal(manifest.publishConfig.access, 'public', manifest.name);
    assert(
      !('provenance' in manifest.publishConfig),
      `${manifest.name}: a publish by hand has no provenance`,
    );
    // npm refuses provenance for a repository that package.json does not name.
    assert.match(manifest.repository.url, /^git\+https:.*\.git$/, manifest.name);
    assert.equal(manifest.repository.directory, `packages/${basename(directory)}`);
  }
  done(
    'workflows: actions by commit, no credentials left behind; release.yml: CI first, an environment, provenance, no token; public access, repository and directory named',
  );
}

async function makeClone() {
  git(scratch, 'clone', '--quiet', root, clone);
  git(clone, 'config', 'user.name', 'check-release');
  git(clone, 'config', 'user.email', 'check-release@example.com');
  // For one registry only: the token is worth nothing elsewhere.
  const { host } = new URL(registry.url);
  writeFileSync(userConfig, `//${host}/:_authToken=${registry.token}\n`);
  await inClone('install', '--frozen-lockfile', '--prefer-offline');
  done(`clone of ${git(clone, 'rev-parse', '--short', 'HEAD')}, installed from its lockfile`);
}

/** `changeset version`, committed as the release workflow does. One entry for each package. */
async function raiseVersions() {
  const changesets = await getChangesets(clone);
  const before = publishedPackages(clone);
  await inClone('run', 'version-packages');
  await inClone('install', '--frozen-lockfile', '--prefer-offline');
  assert.deepEqual(await getChangesets(clone), [], 'changesets are left');
  const releases = before.map(({ directory, manifest: { name, version } }) => {
    const { manifest } = publishedPackages(clone).find((one) => one.directory === directory);
    const releasing = changesets.filter(({ releases }) => releases.some((one) => one.name === name));
    const bumps = releasing.flatMap((one) =>
      one.releases.filter((it) => it.name === name).map(({ type }) => type),
    );
    assert.equal(manifest.version, raise(version, bumps), `${name} ${version} raised by ${bumps}`);
    if (releasing.length > 0) checkChangelog(directory, manifest.version, releasing);
    return { name, manifest, before: version, after: manifest.version, changesets: releasing.length };
  });
  for (const app of ['echo-client', 'echo-server']) {
    const { version, dependencies } = JSON.parse(
      readFileSync(join(clone, 'apps', app, 'package.json'), 'utf8'),
    );
    assert.equal(version, '0.0.0', `${app} is private: it has no versions`);
    assert(
      Object.entries(dependencies).every(
        ([name, range]) => !name.startsWith('@petiole/') || range === 'workspace:*',
      ),
    );
    assert(!existsSync(join(clone, 'apps', app, 'CHANGELOG.md')));
  }
  git(clone, 'add', '--all');
  if (changesets.length > 0) git(clone, 'commit', '--quiet', '--message', 'Version packages');
  // The changesets are used up; that must not count as a changed API without one.
  execFileSync('node', ['scripts/api-changesets.mjs', '--since', 'HEAD'], { cwd: clone, stdio: 'pipe' });
  if (changesets.length > 0) await checkReleaseRequest();
  return releases;
}

/** What the pull request of a release, of which the newest commit is the only one, must pass as any other. */
async function checkReleaseRequest() {
  await inClone('run', 'lint');
  const check = () => spawnSync('node', ['scripts/changeset-status.mjs', '--since', 'HEAD~1'], inCloneAsText);
  const { status, stdout, stderr } = check();
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^a release: no changeset is left/);
  // A change that hides behind the raised versions is found all the same.
  const source = join(clone, 'packages/balancer/src/index.ts');
  const text = readFileSync(source, 'utf8');
  writeFileSync(source, `${text}export const smuggled = true;\n`);
  const smuggled = check();
  writeFileSync(source, text);
  assert.equal(smuggled.status, 1, smuggled.stdout);
  assert.match(smuggled.stderr, /no changesets were found/);
  done('release pull request: passes lint and the check of changesets; with a changed source it does not');
}

function raise(version, bumps) {
  const [major, minor, patch] = version.split('.').map(Number);
  if (bumps.includes('major')) return `${major + 1}.0.0`;
  if (bumps.includes('minor')) return `${major}.${minor + 1}.0`;
  return bumps.includes('patch') ? `${major}.${minor}.${patch + 1}` : version;
}

function checkChangelog(directory, version, changesets) {
  const text = readFileSync(join(directory, 'CHANGELOG.md'), 'utf8');
  const newest = text.split(/^## /m)[1] ?? '';
  assert(newest.startsWith(`${version}\n`), `${directory}: the changelog does not begin with ${version}`);
  for (const { summary } of changesets) {
    const [firstLine] = summary.split('\n');
    assert(newest.includes(firstLine), `${directory}: the changelog does not say: ${firstLine}`);
  }
}

/** The setting gets to npm through pnpm and changesets; npm makes no provenance without the workflow's identity. */
async function refuseProvenanceElsewhere() {
  await assert.rejects(
    () => inClone('run', 'release', { NPM_CONFIG_PROVENANCE: 'true', CI: 'true', GITHUB_ACTIONS: 'true' }),
    /requires "write" access to the "id-token" permission/,
  );
  for (const { manifest } of publishedPackages()) {
    assert.equal(await registry.packument(manifest.name), undefined, `${manifest.name} was published`);
  }
  done('NPM_CONFIG_PROVENANCE reaches npm: without an id-token it publishes nothing');
}

async function publish(releases) {
  const already = new Map();
  for (const { name } of releases) already.set(name, (await registry.packument(name))?.['dist-tags'].latest);
  const output = await inClone('run', 'release');
  for (const { name, manifest, after } of releases) {
    const isNew = already.get(name) !== after;
    assert.equal(output.includes(`New tag:  ${name}@${after}`), isNew, `${name}@${after}:\n${output}`);
    assert.equal(git(clone, 'tag', '--list', `${name}@${after}`), `${name}@${after}`);
    const { 'dist-tags': tags, versions } = await registry.packument(name);
    assert.equal(tags.latest, after);
    checkPublished(versions[after], manifest);
  }
}

function checkPublished(published, manifest) {
  assert.deepEqual(published.exports, manifest.publishConfig.exports, manifest.name);
  for (const field of ['peerDependencies', 'engines', 'sideEffects', 'type', 'license', 'repository']) {
    assert.deepEqual(published[field], manifest[field], `${manifest.name}: ${field}`);
  }
  const dependencies = Object.entries(manifest.dependencies ?? {}).map(([name, range]) => {
    const sibling = publishedPackages(clone).find((one) => one.manifest.name === name);
    return [
      name,
      sibling === undefined ? range : range.replace(/^workspace:\^$/, `^${sibling.manifest.version}`),
    ];
  });
  assert.deepEqual(published.dependencies ?? {}, Object.fromEntries(dependencies), manifest.name);
  // A script may start the sources, and the README may tell of them; nobody resolves with these.
  const text = JSON.stringify({ ...published, scripts: undefined, readme: undefined });
  for (const local of ['workspace:', 'catalog:', '@petiole/source']) {
    assert(!text.includes(local), `${manifest.name}: package.json as published has ${local}`);
  }
}

/** All packages in one empty project, from the registry. */
async function runPublished(releases) {
  const project = makeProject(join(scratch, 'consumer'), { npmrc: `@petiole:registry=${registry.url}/\n` });
  // A cache of its own: npm's has answers of registries that had the same port.
  const cache = ['--cache', join(scratch, 'npm-cache')];
  await project.npmInstall(...cache, ...releases.map(({ name }) => name), grpcJs);
  const rows = [];
  for (const { name, manifest, after } of releases) {
    const installed = JSON.parse(
      readFileSync(join(project.directory, 'node_modules', name, 'package.json'), 'utf8'),
    );
    assert.equal(installed.version, after);
    const app = name.split('/')[1];
    const register = entryPoints(manifest).find((entry) => entry.endsWith('/register'));
    const answer = async (...args) => (await project.run(...args)).output;
    rows.push({
      installed: `${name}@${after}`,
      import: await answer(`${app}-import.mjs`),
      require: await answer(`${app}-require.cjs`),
      '--import': register ? await answer('--import', register, `${app}-preload.mjs`) : 'has none',
    });
  }
  console.log('\nInstalled from the registry into an empty project:');
  console.table(rows);
}

function row({ name, before, after, changesets, manifest }) {
  return {
    package: name,
    version: before === after ? after : `${before} → ${after}`,
    changelog: changesets === 0 ? 'no change' : `${changesets} changesets`,
    tag: `${name}@${after}`,
    exports: `${Object.keys(manifest.publishConfig.exports).length}, none of sources`,
  };
}

/** pnpm in the clone; with changesets' variable for the registry, which pnpm and npm read too, when it publishes. */
function inClone(...args) {
  const extra = typeof args.at(-1) === 'object' ? args.pop() : {};
  const target = args.includes('release')
    ? { npm_config_registry: `${registry.url}/`, npm_config_userconfig: userConfig }
    : {};
  const { NPM_CONFIG_PROVENANCE: _, ACTIONS_ID_TOKEN_REQUEST_URL: __, ...env } = environment();
  return pnpm(args, { cwd: clone, env: { ...env, ...target, ...extra } });
}

function git(cwd, ...args) {
  return execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();
}

function done(text) {
  console.log(`ok   ${text}`);
}
