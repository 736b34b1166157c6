/**
 * The client of `eager-resolver.test.ts`, in a process that may hang: its
 * resolver answers every request in the next tick. Kills one of three servers,
 * makes RPCs, brings the server back. Arguments: policy, kind of attributes.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { Backend } from '@petiole/test-kit/backend';
import { customRoundRobin } from '../../src/index.js';
import { attempt } from '../support/load.js';
import { TestChannel } from '../support/test-channel.js';

const [policyName, attributeKind = 'none'] = process.argv.slice(2);

/** Written now, even if this process never gets to do I/O again. */
const tell = (line: string): void => {
  writeSync(1, `${line}\n`);
};

let resolutions = 0;
/** What the resolver sends along, made anew for each answer. */
const attributesOf: Record<string, () => Record<string, unknown>> = {
  none: () => ({}),
  'fresh objects': () => ({ stamp: {} }),
  symbols: () => ({ stamp: Symbol('answer') }),
  counter: () => ({ stamp: resolutions }),
};

/** Connections that the servers have accepted: a dead one accepts none. */
let connections = 0;
subscribe('net.server.socket', () => {
  connections++;
});

customRoundRobin.register();
const backends = await Promise.all([Backend.start(), Backend.start(), Backend.start()]);
const [killed, ...rest] = backends as [Backend, Backend, Backend];
const endpoints = backends.map((backend) => backend.endpoint());
const channel = new TestChannel({
  endpoints,
  policy: policyName === 'round_robin' ? { round_robin: {} } : customRoundRobin({ repeatCount: 1 }),
});
channel.resolver.onRequest = () => {
  process.nextTick(() => {
    resolutions++;
    channel.resolver.push(endpoints, attributesOf[attributeKind]?.());
  });
};

async function serveAll(servers: readonly Backend[]): Promise<void> {
  const missing = new Set(servers.map(({ peer }) => peer));
  for (let i = 0; missing.size > 0; i++) {
    if (i === 100_000) throw new Error(`never served by ${[...missing]}`);
    const { peer, error } = await attempt(channel, { deadlineMs: 5000 });
    if (error === undefined) missing.delete(peer);
  }
}

await serveAll(backends);
tell(`all serve ${connections}`);

setInterval(() => tell('alive'), 50).unref();
killed.crash();
tell('killed');
await serveAll(rest);
tell('the rest serves');

// Long enough for several rounds of back-off, re-resolution and reconnection.
connections = 0;
resolutions = 0;
let failed = 0;
let total = 0;
const start = performance.now();
// A starved machine takes longer for as many RPCs; whoever serves nobody never gets there.
for (; performance.now() < start + 1500 || total <= 20; total++) {
  const { error } = await attempt(channel);
  if (error) failed++;
}
const seconds = (performance.now() - start) / 1000;
tell(`while it was down ${JSON.stringify({ seconds, total, failed, connections, resolutions })}`);

await killed.restart();
await serveAll(backends);
tell('all serve again');

channel.close();
for (const backend of backends) backend.kill();
