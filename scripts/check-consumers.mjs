/**
 * Packs each package, installs it alone beside @grpc/grpc-js with npm into an empty project, on the oldest and the newest
 * Node.js that are supported, and runs applications there that use it by `import`, by `require()` and by
 * `node --import <package>/register`, and bundled to CommonJS; the resolver also with slow DNS, where threads are allowed and where not.
 * Then: an npm tree with two copies of grpc-js, where the policies must not be missing without a word.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { grpcJs, makeProject } from './consumer-project.mjs';
import { bundle, installTools, nodeVersions } from './consumer-tools.mjs';
import { pack } from './pnpm.mjs';
import { entryPoints, publishedPackages } from './published-packages.mjs';

/** What the applications of consumers/apps print: who has answered, in this order. */
const ANSWERS = {
  balancer: /^(AAABBBCCC|BBBCCCAAA|CCCAAABBB)...$/,
  resolver: /^AABB$/,
  'echo-proto': /^echo$/,
  'service-config': /^misread, 0\.5 s$/,
  command: /grpc-js reads 0 s and 5 ns/,
  'slow DNS': /^AAA$/,
};
/** The oldest of the peer range beside the one that the workspace tests with. */
const OTHER_GRPC_JS = '1.14.5';

const scratch = mkdtempSync(join(tmpdir(), 'petiole-consumers-'));
try {
  await installTools();
  const packages = [];
  for (const { directory, manifest } of publishedPackages()) {
    packages.push({
      folder: basename(directory),
      name: manifest.name,
      entries: entryPoints(manifest),
      tarball: await pack(directory, scratch),
      dependencies: Object.keys(manifest.dependencies ?? {}),
    });
  }
  const rows = [];
  for (const node of nodeVersions()) {
    rows.push(
      ...(await Promise.all(packages.map((one) => checkAlone(one, tarballsOf(one, packages), node)))),
    );
  }
  console.log(`Each package installed alone with npm beside ${grpcJs}:`);
  console.table(rows);
  console.log(`Two copies of grpc-js in one npm tree, ${grpcJs} and ${OTHER_GRPC_JS} below a dependency:`);
  console.table(
    await checkTwoCopies(
      tarballsOf(
        packages.find(({ folder }) => folder === 'balancer'),
        packages,
      ),
    ),
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** Of a package and of those of this repository that it depends on: npm must not look for them in the registry. */
function tarballsOf({ tarball, dependencies }, packages) {
  return [tarball, ...packages.filter(({ name }) => dependencies.includes(name)).map((one) => one.tarball)];
}

async function checkAlone({ folder, name, entries }, tarballs, node) {
  const project = makeProject(join(scratch, `${folder}-${node.version}`), { nodeDirectory: node.directory });
  assert.equal((await project.run('--version')).output, node.version);
  await project.npmInstall(...tarballs, grpcJs);
  const row = { package: name, node: node.version, import: '', require: '', '--import': '' };
  row.import = await answers(project, folder, `${folder}-import.mjs`);
  // 22.12 warns of require(esm), as docs/compatibility.md says; the others must not.
  const quiet = node.version === 'v22.12.0' ? ['--disable-warning=ExperimentalWarning'] : [];
  row.require = await answers(project, folder, ...quiet, `${folder}-require.cjs`);
  if (folder === 'service-config') {
    const command = 'node_modules/.bin/petiole-service-config';
    row.command = await answers(project, 'command', command, 'service-config.json');
  }
  const register = entries.find((entry) => entry.endsWith('/register'));
  if (register === undefined) return { ...row, '--import': 'has none' }; // nor is there a bundle: it reads a .proto file
  row['--import'] = await answers(project, folder, '--import', register, `${folder}-preload.mjs`);
  // Else the application proves nothing: it must not work by itself.
  const without = await project.run(`${folder}-preload.mjs`).catch(() => ({ output: 'fails' }));
  assert.doesNotMatch(without.output, ANSWERS[folder], `${folder}-preload.mjs works without ${register}`);
  await bundle(join(project.directory, `${folder}-require.cjs`), join(project.directory, 'bundled.cjs'));
  row.bundled = await answers(project, folder, 'bundled.cjs');
  if (folder === 'resolver') {
    row['slow DNS'] = await answers(project, 'slow DNS', 'resolver-slow-dns.mjs');
    row['no threads'] = await answers(
      project,
      'slow DNS',
      ...permissionFlags(node.version),
      'resolver-slow-dns.mjs',
    );
  }
  return row;
}

/** Node's permission model, under which a process may start no thread. */
function permissionFlags(version) {
  const major = Number(/^v(\d+)/.exec(version)[1]);
  const model = major < 24 ? '--experimental-permission' : '--permission'; // renamed in 22.13, which knows both
  return [model, ...(major > 24 ? ['--allow-net'] : []), '--allow-fs-read=*', '--no-warnings'];
}

async function answers(project, folder, ...args) {
  const { output, errors } = await project.run(...args);
  assert.match(output, ANSWERS[folder], `node ${args.join(' ')}: ${output} ${errors}`);
  // An ExperimentalWarning for require(esm) would be noise in every log of an application: Node 20.19 and later has none.
  assert.equal(errors, '', `node ${args.join(' ')} wrote to standard error: ${errors}`);
  return output;
}

async function checkTwoCopies(tarballs) {
  const name = '@petiole/balancer';
  const dependency = join(scratch, 'orders');
  mkdirSync(dependency);
  writeFileSync(
    join(dependency, 'package.json'),
    JSON.stringify({
      name: 'petiole-consumer-orders',
      version: '1.0.0',
      main: 'index.cjs',
      dependencies: { '@grpc/grpc-js': OTHER_GRPC_JS },
    }),
  );
  // The names are spelt out, so that an ES module can import them.
  writeFileSync(
    join(dependency, 'index.cjs'),
    "const { Client, credentials } = require('@grpc/grpc-js');\nmodule.exports = { Client, credentials };\n",
  );
  const project = makeProject(join(scratch, 'two-copies'));
  await project.npmInstall(...tarballs, grpcJs, '--install-links', dependency);
  const nested = 'node_modules/petiole-consumer-orders/node_modules/@grpc/grpc-js';
  assert(existsSync(join(project.directory, nested)), `npm made no second copy at ${nested}`);
  writeFileSync(
    join(project.directory, 'two-copies-imported.mjs'),
    `import '${name}/register';\nimport './two-copies.mjs';\n`,
  );

  const rows = [];
  for (const args of [['--import', `${name}/register`, 'two-copies.mjs'], ['two-copies-imported.mjs']]) {
    const { output, errors } = await project.run(...args);
    assert.match(output, /^(.)\1{11}$/, `the second copy does not use pick_first but gives ${output}`);
    const warnings = errors
      .split('\n')
      .filter((line) => line.includes('Two copies of @grpc/grpc-js are loaded'));
    assert.equal(warnings.length, 1, `node ${args.join(' ')} warned ${warnings.length} times:\n${errors}`);
    for (const part of [
      grpcJs.split('@').at(-1),
      OTHER_GRPC_JS,
      nested,
      'pick_first',
      'npm ls @grpc/grpc-js',
    ]) {
      assert(warnings[0].includes(part), `the warning does not name ${part}: ${warnings[0]}`);
    }
    rows.push({
      command: `node ${args.join(' ')}`,
      answers: output,
      warning: `${warnings[0].slice(0, 60)}…`,
    });
  }
  return rows;
}
