/**
 * Runs `next start` or `next dev`, and prints what its route answers. Under `next dev` the module that defines a policy is edited
 * between two visits.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

const [command] = process.argv.slice(2);
const port = await freePort();
const next = spawn(process.execPath, ['node_modules/next/dist/bin/next', command, '-p', port], {
  env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  for await (const text of next.stdout) if (/Ready in/.test(text)) break;
  next.stdout.resume();
  const visit = async () => (await fetch(`http://127.0.0.1:${port}/order`)).text();
  let answers = await visit();
  if (command === 'dev') {
    const source = readFileSync('policy.mjs', 'utf8');
    writeFileSync('policy.mjs', source.replace('ready[0]', 'ready[1]'));
    const before = answers;
    for (let i = 0; i < 50 && answers === before; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      answers = await visit();
    }
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
