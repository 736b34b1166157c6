/**
 * Packs each package, installs it alone beside @grpc/grpc-js with npm into an empty project, on the oldest and the newest
 * Node.js that are supported, and runs applications there that use it by `import`, by `require()`, by
 * `node --import <package>/register`, and bundled to CommonJS; the checker also as a command.
 * Then: an npm tree with two copies of grpc-js, where the policies must not be missing without a word.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asTested, bundle, makeProject, nodeVersions, packPackages } from './consumer-project.mjs';

/** What the applications of consumers/apps print: who has answered, in this order. */
const ANSWERS = {
  balancer: /^(AAABBBCCC|BBBCCCAAA|CCCAAABBB)...$/,
  resolver: /^AABB$/,
  'echo-proto': /^echo$/,
  'service-config': /^misread, 0\.5 s$/,
};
const COMMAND = { program: 'node_modules/.bin/petiole-service-config', says: /grpc-js reads 0 s and 5 ns/ };
/** The oldest of the peer range beside the one that the workspace tests with. */
const OTHER_GRPC_JS = '1.14.5';

const grpcJs = asTested('@grpc/grpc-js');
const scratch = mkdtempSync(join(tmpdir(), 'petiole-consumers-'));
try {
  const packages = await packPackages(scratch);
  const rows = [];
  for (const node of await nodeVersions()) {
    rows.push(...(await Promise.all(packages.map((one) => checkAlone(one, node)))));
  }
  console.log(`Each package installed alone with npm beside ${grpcJs}:`);
  console.table(rows);
  console.log(`Two copies of grpc-js in one npm tree, ${grpcJs} and ${OTHER_GRPC_JS} below a dependency:`);
  console.table(await checkTwoCopies(packages.find(({ app }) => app === 'balancer')));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function checkAlone({ app, name, entries, tarballs }, node) {
  const project = makeProject(join(scratch, `${app}-${node.version}`), node.directory);
  assert.equal((await project.node('--version')).output, node.version);
  await project.npmInstall(...tarballs, grpcJs);
  // 22.12 warns of require(esm), as docs/compatibility.md says; the others must not.
  const quiet = node.version === 'v22.12.0' ? ['--disable-warning=ExperimentalWarning'] : [];
  const row = { package: name, node: node.version };
  for (const entry of entries) {
    await answers(project, /^$/, '--input-type=module', '-e', `await import('${entry}')`);
    await answers(project, /^$/, ...quiet, '-e', `require('${entry}')`);
  }
  const answer = ANSWERS[app];
  row.import = await answers(project, answer, `${app}-import.mjs`);
  row.require = await answers(project, answer, ...quiet, `${app}-require.cjs`);
  if (project.has(COMMAND.program)) {
    row.command = await answers(project, COMMAND.says, COMMAND.program, 'service-config.json');
  }
  const register = entries.find((entry) => entry.endsWith('/register'));
  if (register === undefined) return row; // nor is there a bundle: echo-proto reads a .proto file
  row['--import'] = await answers(project, answer, '--import', register, `${app}-preload.mjs`);
  // Else the application proves nothing: it must not work by itself.
  const without = await project.node(`${app}-preload.mjs`).catch(() => ({ output: 'fails' }));
  assert.doesNotMatch(without.output, answer, `${app}-preload.mjs works without ${register}`);
  await bundle(join(project.directory, `${app}-require.cjs`), join(project.directory, 'bundled.cjs'));
  row.bundled = await answers(project, answer, 'bundled.cjs');
  return row;
}

async function answers(project, expected, ...args) {
  const { output, errors } = await project.node(...args);
  assert.match(output, expected, `node ${args.join(' ')}: ${output} ${errors}`);
  // An ExperimentalWarning for require(esm) would be noise in every log of an application: Node 20.19 and later has none.
  assert.equal(errors, '', `node ${args.join(' ')} wrote to standard error: ${errors}`);
  return output.match(expected)[0];
}

async function checkTwoCopies({ name, tarballs }) {
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
  assert(project.has(nested), `npm made no second copy at ${nested}`);
  writeFileSync(
    join(project.directory, 'two-copies-imported.mjs'),
    `import '${name}/register';\nimport './two-copies.mjs';\n`,
  );

  const rows = [];
  for (const args of [['--import', `${name}/register`, 'two-copies.mjs'], ['two-copies-imported.mjs']]) {
    const { output, errors } = await project.node(...args);
    assert.match(output, /^(.)\1{11}$/, `the second copy does not use pick_first but gives ${output}`);
    const warnings = errors
      .split('\n')
      .filter((line) => line.includes('Two copies of @grpc/grpc-js are loaded'));
    assert.equal(warnings.length, 1, `node ${args.join(' ')} warned ${warnings.length} times:\n${errors}`);
    const [version] = grpcJs.split('@').slice(-1);
    for (const part of [version, OTHER_GRPC_JS, nested, 'pick_first', 'npm ls @grpc/grpc-js']) {
      assert(warnings[0].includes(part), `the warning does not name ${part}: ${warnings[0]}`);
    }
    const warning = `${warnings[0].slice(0, 60)}…`;
    rows.push({ command: `node ${args.join(' ')}`, answers: output, warning });
  }
  return rows;
}
