/**
 * `pnpm check:consumers [--all] [--write] [NAME…]`: packs the packages, installs them for each group of consumers/ in an empty folder
 * outside of this repository, and runs the rows of consumers/rows.mjs: those of CI, all, or those with a NAME in their names.
 * `--write` puts the table into docs/compatibility.md. pnpm must be on the PATH, as it is in its scripts.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { ROWS } from './consumers/rows.mjs';

const LIMIT_MS = 300_000;
const PRINTS = 'AAABBBCCC';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'docs/compatibility.md');
const { values: flags, positionals: names } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  allowPositionals: true,
  options: { all: { type: 'boolean' }, write: { type: 'boolean' } },
});
const isChosen = ({ name, ci }) =>
  names.length > 0 ? names.some((part) => name.includes(part)) : flags.all || ci;
const rows = ROWS.filter(isChosen);

const scratch = mkdtempSync(join(tmpdir(), 'petiole-consumers-'));
try {
  const groups = [...new Set(rows.map(({ group }) => group))];
  await install(groups, await packPackages());
  const results = [];
  const waiting = [...rows];
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
        const result = await check(row);
        console.error(`${result.error ? 'FAILED' : 'ok'}  ${row.name} (${result.seconds} s)`);
        results.push(result);
      }
    }),
  );
  results.sort((a, b) => rows.indexOf(a.row) - rows.indexOf(b.row));
  console.table(
    results.map(({ row, seconds, error }) => ({
      consumer: row.name,
      seconds,
      result: error ? 'FAILED' : 'ok',
    })),
  );
  const failed = results.filter(({ error }) => error !== undefined);
  for (const { row, error } of failed) console.error(`\n${row.name}: ${error}`);
  if (failed.length > 0) process.exitCode = 1;
  else if (flags.write) writeTable(results);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** `{ '@petiole/balancer': '/…/petiole-balancer-0.0.0.tgz', … }`. */
async function packPackages() {
  const packed = {};
  for (const folder of readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))) {
    const { name, private: isPrivate } = readJson(join(folder, 'package.json'));
    if (isPrivate) continue;
    // Not `npm pack`: that keeps the source condition of `exports`, pnpm applies publishConfig.
    const destination = mkdtempSync(join(scratch, 'packed-'));
    await run(`pnpm pack --pack-destination ${destination}`, folder);
    packed[name] = `file:${join(destination, readdirSync(destination)[0])}`;
  }
  return packed;
}

/** One workspace of its own: what several groups need is fetched once, in the versions of the lockfile. */
async function install(groups, packed) {
  const consumers = join(root, 'scripts/consumers');
  cpSync(consumers, scratch, { recursive: true, filter: (path) => !path.includes('node_modules') });
  const overrides = Object.entries(packed).map(([name, tarball]) => `  "${name}": "${tarball}"\n`);
  const workspace = join(scratch, 'pnpm-workspace.yaml');
  writeFileSync(workspace, `${readFileSync(workspace, 'utf8')}overrides:\n${overrides.join('')}`);

  const shared = join(scratch, 'shared');
  for (const [module, extension] of [
    ['esnext', 'mjs'],
    ['commonjs', 'cjs'],
  ]) {
    const options = `--ignoreConfig --noCheck --target es2022 --module ${module} --moduleResolution bundler`;
    await run(`tsc order.ts ${options} --outDir ${extension}`, shared);
    cpSync(join(shared, extension, 'order.js'), join(shared, `order.${extension}`));
    rmSync(join(shared, extension), { recursive: true });
  }
  for (const group of groups) {
    const folder = join(scratch, group);
    cpSync(shared, folder, { recursive: true });
    const manifest = readJson(join(folder, 'package.json'));
    Object.assign(manifest.dependencies, packed);
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  }
  const filters = ['runtimes', ...groups].map((group) => `--filter=${group}`).join(' ');
  await run(`pnpm install ${filters} --no-frozen-lockfile --prefer-offline --reporter=silent`, scratch);
}

async function check(row) {
  const start = performance.now();
  const seconds = () => Math.round((performance.now() - start) / 100) / 10;
  const folder = join(scratch, row.group);
  const runtime = row.runtime && join(scratch, 'runtimes/node_modules', row.runtime);
  const bins = [join(folder, 'node_modules/.bin'), ...(runtime ? [join(runtime, 'bin'), runtime] : [])];
  try {
    let output = '';
    for (const command of row.run) output = await run(command, folder, bins.reverse());
    if (!output.split('\n').includes(PRINTS)) throw new Error(`did not print ${PRINTS}:\n${output}`);
    return { row, seconds: seconds() };
  } catch (error) {
    return { row, seconds: seconds(), error: error.message };
  }
}

/** What the command prints. It runs as it would without pnpm, which runs this, and without what its user set for other runs. */
async function run(command, cwd, bins = []) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?!config_)|^NODE_|^GRPC_|^CI$/.test(name),
  );
  const env = { ...Object.fromEntries(inherited), PATH: [...bins, process.env.PATH].join(delimiter) };
  try {
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd, env, timeout: LIMIT_MS });
    return stdout;
  } catch (error) {
    throw new Error(
      `${command}: ${error.killed ? `killed after ${LIMIT_MS} ms` : ''}\n${error.stdout}${error.stderr}`,
    );
  }
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function writeTable(results) {
  const lines = results.map(({ row, seconds }) => `| ${row.name} | ${row.ci ? 'yes' : ''} | ${seconds} |`);
  const table = ['| consumer | in CI | seconds |', '|---|---|--:|', ...lines].join('\n');
  const when = `${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}`;
  const text = `<!-- consumers -->\n\n${table}\n\nAll of them passed on ${when}.\n\n<!-- /consumers -->`;
  const old = readFileSync(page, 'utf8');
  writeFileSync(
    page,
    old.replace(/<!-- consumers -->[\s\S]*<!-- \/consumers -->/, () => text),
  );
}
