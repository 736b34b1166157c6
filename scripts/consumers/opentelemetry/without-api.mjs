/** In a folder without @opentelemetry/api, each way to load @petiole/opentelemetry ends in one sentence that says so. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { order } from './order.mjs';

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
// Elsewhere: what this folder has installed would be found from a folder in it.
const cwd = mkdtempSync(join(tmpdir(), 'without-api-'));
writeFileSync(`${cwd}/package.json`, '{ "private": true }');
// npm installs peers, too, unless it is told not to.
const flags = ['--legacy-peer-deps', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
const specs = [`@grpc/grpc-js@${dependencies['@grpc/grpc-js']}`, dependencies['@petiole/opentelemetry']];
execFileSync('npm', ['install', ...flags, ...specs], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });

for (const args of [
  ['--import', '@petiole/opentelemetry/register', '-e', '0'],
  ['--require', '@petiole/opentelemetry/register', '-e', '0'],
  ['-e', 'import("@petiole/opentelemetry")'],
  ['-e', 'require("@petiole/opentelemetry")'],
  ['-e', 'require("./node_modules/@petiole/opentelemetry/dist/index.cjs")'],
  ['-e', 'require("./node_modules/@petiole/opentelemetry/dist/register.cjs")'],
]) {
  const { status, stderr } = spawnSync('node', args, { cwd, encoding: 'utf8' });
  assert.equal(status, 1, args.join(' '));
  const sentence =
    /^Error: @petiole\/opentelemetry records by @opentelemetry\/api, which cannot be found beside it: npm install @opentelemetry\/api$/m;
  assert.match(stderr, sentence, args.join(' '));
}
rmSync(cwd, { recursive: true });
console.log(await order());
