/** Visits the routes of `next start` or `next dev`; under the latter it edits a policy between two visits. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [command] = process.argv.slice(2);
const port = await freePort();
const next = spawn(process.execPath, ['node_modules/next/dist/bin/next', command, '-p', port], {
  env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const visit = async (path) => (await fetch(`http://127.0.0.1:${port}/${path}`)).text();
try {
  const lines = createInterface(next.stdout);
  for await (const line of lines) if (/Ready in/.test(line)) break;
  next.stdout.resume();
  const answers = await visit('order');
  assert.equal(await visit('always'), 'AAAAAAAAA');
  if (command === 'dev') {
    writeFileSync('policy.mjs', readFileSync('policy.mjs', 'utf8').replace('ready[0]', 'ready[1]'));
    let edited = '';
    // A visit may still find the old module, or the moment between both.
    for (let i = 0; i < 30 && edited !== 'BBBBBBBBB'; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      edited = await visit('always');
    }
    assert.equal(edited, 'BBBBBBBBB');
  }
  console.log(answers);
} finally {
  next.kill();
  await once(next, 'exit');
}

async function freePort() {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
