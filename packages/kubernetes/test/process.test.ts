import { EventEmitter, once } from 'node:events';
import type { Upstream } from '@petiole/test-kit/kubernetes/gateway';
import { node, type Program, start } from '@petiole/test-kit/processes/program';
import { startPeer } from '@petiole/test-kit/servers';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openWith } from './support/world.js';

/** Below the deadline of a request, after which nothing would hold the process any more. */
vi.setConfig({ testTimeout: 9000 });

/**
 * Runs the program in a pod with that API server until `reached` resolves, and resolves to its exit code when it has ended by
 * itself.
 */
async function run(
  handle: Upstream['handle'],
  reached: (program: Program) => Promise<unknown>,
  env: Record<string, string> = {},
): Promise<number | undefined> {
  const world = await openWith('shop', { handle });
  onTestFinished(() => world.close());
  const program = start(node('test/support/child-app.ts', world.folder), {
    env: { ...world.surroundings.env, ...env },
  });
  await reached(program);
  program.stdin?.end();
  return (await program).exitCode;
}

const EMPTY_LIST = '{"metadata":{"resourceVersion":"1"},"items":[]}';

it('a process ends by itself while a watch is open', async () => {
  const api = new EventEmitter();
  const watched = once(api, 'watched');
  const answer: Upstream['handle'] = ({ url }, response) => {
    response.writeHead(200);
    if (url?.includes('watch')) {
      response.flushHeaders();
      api.emit('watched');
    } else {
      response.end(EMPTY_LIST);
    }
  };
  expect(await run(answer, ({ out }) => Promise.all([watched, out.line(/0 endpoints/)]))).toBe(0);
});

it('a process ends by itself while a request is unanswered', async () => {
  const api = new EventEmitter();
  const asked = once(api, 'asked');
  expect(
    await run(
      () => void api.emit('asked'),
      () => asked,
    ),
  ).toBe(0);
});

it('a process ends by itself while another watch is due', async () => {
  const api = new EventEmitter();
  const ended = once(api, 'ended');
  const answer: Upstream['handle'] = ({ url }, response) => {
    if (url?.includes('watch')) response.on('close', () => api.emit('ended')).end();
    else response.end(EMPTY_LIST);
  };
  expect(await run(answer, () => ended)).toBe(0);
});

it('a process ends by itself while a connection is being made', async () => {
  const silent = await startPeer('silent');
  const port = { KUBERNETES_SERVICE_PORT: String(silent.address.port) };
  expect(
    await run(
      () => {},
      () => silent.connected(),
      port,
    ),
  ).toBe(0);
});
