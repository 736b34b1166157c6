import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Upstream } from './support/gateway.js';
import { openWith } from './support/world.js';

/** Below the deadline of a request, after which nothing would hold the process any more. */
vi.setConfig({ testTimeout: 12_000 });

const APP = fileURLToPath(new URL('support/child-app.ts', import.meta.url));

/**
 * Runs the program in a pod with that API server until `reached` resolves, and resolves to its exit code when it has ended by
 * itself.
 * @param at another port than that of the API server
 */
async function run(
  handle: Upstream['handle'],
  reached: (output: NodeJS.ReadableStream) => Promise<unknown>,
  at?: number,
): Promise<number | null> {
  const world = await openWith('shop', { handle });
  onTestFinished(() => world.close());
  const port = at === undefined ? {} : { KUBERNETES_SERVICE_PORT: String(at) };
  const flags = ['--conditions=@petiole/source', '--import', 'tsx'];
  const child = spawn(process.execPath, [...flags, APP, world.folder], {
    env: { ...process.env, ...world.surroundings.env, ...port },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const closed = once(child, 'close');
  await reached(child.stdout);
  child.stdin.end();
  const [code] = await closed;
  return code as number | null;
}

it('a process ends by itself while a watch is open', async () => {
  let isWatched = (): void => {};
  const watched = new Promise<void>((resolve) => {
    isWatched = resolve;
  });
  const answer: Upstream['handle'] = ({ url }, response) => {
    response.writeHead(200);
    if (url?.includes('watch')) {
      response.flushHeaders();
      isWatched();
    } else {
      response.end('{"metadata":{"resourceVersion":"1"},"items":[]}');
    }
  };
  expect(await run(answer, (output) => Promise.all([watched, once(output, 'data')]))).toBe(0);
});

it('a process ends by itself while a request is unanswered', async () => {
  let isAsked = (): void => {};
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  expect(
    await run(
      () => isAsked(),
      () => asked,
    ),
  ).toBe(0);
});

it('a process ends by itself while another watch is due', async () => {
  let isEnded = (): void => {};
  const ended = new Promise<void>((resolve) => {
    isEnded = resolve;
  });
  const answer: Upstream['handle'] = ({ url }, response) => {
    if (url?.includes('watch')) response.on('close', isEnded).end();
    else response.end('{"metadata":{"resourceVersion":"1"},"items":[]}');
  };
  expect(await run(answer, () => ended)).toBe(0);
});

it('a process ends by itself while a connection is being made', async () => {
  const deaf = createServer(() => {});
  await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void deaf.close());
  const { port } = deaf.address() as AddressInfo;
  expect(
    await run(
      () => {},
      () => once(deaf, 'connection'),
      port,
    ),
  ).toBe(0);
});
