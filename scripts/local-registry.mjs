/** An empty npm registry on the loopback (verdaccio): it forwards to no other, and one user may publish. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { stringify } from 'yaml';
import { verdaccioBinary } from './consumer-tools.mjs';

const START_LIMIT_MS = 60_000;

/** Keeps all of its files in `directory`. Call `stop()` in the end. */
export async function startRegistry(directory) {
  mkdirSync(directory);
  const config = join(directory, 'config.yaml');
  writeFileSync(
    config,
    stringify({
      storage: join(directory, 'storage'),
      auth: { htpasswd: { file: join(directory, 'htpasswd') } },
      uplinks: {},
      packages: { '**': { access: '$all', publish: '$authenticated' } },
      log: { type: 'stdout', format: 'pretty', level: 'warn' },
    }),
  );
  const log = join(directory, 'log.txt');
  const output = openSync(log, 'a');
  const url = `http://127.0.0.1:${await freePort()}`;
  const server = spawn('node', [verdaccioBinary(), '--config', config, '--listen', url], {
    stdio: ['ignore', output, output],
  });
  const stop = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill();
    await once(server, 'exit');
  };
  try {
    await untilUp(url, server);
    return { url, token: await signUp(url), packument: (name) => packument(url, name), stop };
  } catch (error) {
    await stop();
    throw new Error(`verdaccio: ${error.message}\n${readFileSync(log, 'utf8')}`, { cause: error });
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function untilUp(url, server) {
  for (const end = Date.now() + START_LIMIT_MS; Date.now() < end; await setTimeout(200)) {
    if (server.exitCode !== null) throw new Error(`ended with ${server.exitCode}`);
    const response = await fetch(`${url}/-/ping`).catch(() => undefined);
    if (response?.ok) return;
  }
  throw new Error(`does not answer after ${START_LIMIT_MS} ms`);
}

async function signUp(url) {
  const response = await fetch(`${url}/-/user/org.couchdb.user:petiole`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'petiole', password: 'on-the-loopback-only' }),
  });
  if (!response.ok) throw new Error(`no user could be made: ${response.status} ${await response.text()}`);
  return (await response.json()).token;
}

/** What the registry has of a package, undefined if nothing. */
async function packument(url, name) {
  const response = await fetch(`${url}/${name.replace('/', '%2f')}`);
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  return response.json();
}
