/** `api-changesets.mjs` on small repositories made for each test: when a changed API needs a changeset, and when not. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('api-changesets.mjs', import.meta.url));
const REPORT = 'packages/leaf/api/leaf.api.md';
const CHANGESET = '---\n"@petiole/leaf": patch\n---\n\nWhat is new.\n';

/** A repository on main with the package @petiole/leaf in the version given, and what a test does with it. */
function repository(t, version) {
  const directory = mkdtempSync(join(tmpdir(), 'petiole-api-changesets-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const git = (...args) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example', ...args], { cwd: directory });
  const repo = {
    git,
    commit(files) {
      for (const [file, content] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, file)), { recursive: true });
        writeFileSync(join(directory, file), content);
      }
      git('add', '--all');
      git('commit', '--quiet', '--message', 'change');
    },
    setVersion: (to) =>
      repo.commit({
        'packages/leaf/package.json': JSON.stringify({ name: '@petiole/leaf', version: to }, null, 2),
      }),
    check: (...flags) =>
      spawnSync('node', [script, '--repository', directory, ...flags], { encoding: 'utf8' }),
  };
  git('init', '--quiet', '--initial-branch=main');
  repo.commit({ '.changeset/config.json': '{}', [REPORT]: '// @public\nexport function a(): void;\n' });
  repo.setVersion(version);
  return repo;
}

test('on main, an API that changed since the release fails without a changeset and passes with one', (t) => {
  const repo = repository(t, '1.0.0');
  assert.equal(repo.check().status, 0);
  repo.commit({ [REPORT]: 'export function a(): string;\n' });
  const { status, stderr } = repo.check();
  assert.equal(status, 1);
  assert.match(stderr, /leaf\.api\.md changed: run `pnpm changeset` and name @petiole\/leaf/);
  repo.commit({ '.changeset/new.md': CHANGESET });
  assert.equal(repo.check().status, 0);
});

test('a changeset for another package is none for this one', (t) => {
  const repo = repository(t, '1.0.0');
  repo.commit({
    [REPORT]: 'export function a(): string;\n',
    '.changeset/new.md': CHANGESET.replace('leaf', 'stem'),
  });
  assert.equal(repo.check().status, 1);
});

test('a new release is the next base: its changesets are used up, its API is what counts', (t) => {
  const repo = repository(t, '1.0.0');
  repo.commit({ [REPORT]: 'export function a(): string;\n' });
  repo.setVersion('1.1.0');
  assert.equal(repo.check().status, 0);
  repo.commit({
    'packages/leaf/package.json':
      '{\n  "name": "@petiole/leaf",\n  "version": "1.1.0",\n  "type": "module"\n}',
  });
  repo.commit({ [REPORT]: 'export function a(): number;\n' });
  assert.equal(repo.check().status, 1);
});

test('a package that was never released needs a changeset for its first release', (t) => {
  const repo = repository(t, '0.0.0');
  assert.equal(repo.check().status, 1);
  repo.commit({ '.changeset/new.md': CHANGESET });
  assert.equal(repo.check().status, 0);
});

test('on a branch, the changeset has to be as new as the change', (t) => {
  const repo = repository(t, '0.0.0');
  repo.commit({ '.changeset/old.md': CHANGESET });
  repo.git('switch', '--quiet', '--create', 'topic');
  repo.commit({ [REPORT]: 'export function a(): string;\n' });
  assert.equal(repo.check('--since', 'main').status, 1, 'the changeset of main is about something else');
  repo.commit({ '.changeset/new.md': CHANGESET });
  assert.equal(repo.check('--since', 'main').status, 0);
});

test('an API report that is gone is a change; one with another comment is none', (t) => {
  const repo = repository(t, '1.0.0');
  repo.commit({ [REPORT]: '// @public (undocumented)\nexport function a(): void;\n' });
  assert.equal(repo.check().status, 0);
  repo.git('rm', '--quiet', REPORT);
  repo.git('-c', 'user.name=t', '-c', 'user.email=t@example', 'commit', '--quiet', '--message', 'gone');
  assert.equal(repo.check().status, 1);
});
