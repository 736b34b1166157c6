/** What a request comes to whose answer stops in the middle. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { PassThrough } from 'node:stream';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { findCluster } from '../../src/api/find-cluster.js';
import { get, readAll } from '../../src/api/request.js';
import { openWith } from '../support/world.js';

const TIMERS = ['setTimeout', 'clearTimeout', 'performance'] as const;

afterEach(() => void vi.useRealTimers());

it('a refusal whose body never comes is one without a reason, after ten seconds', async () => {
  const world = await openWith('shop', {
    handle(_, response) {
      response.writeHead(503, { 'Content-Length': '100' });
      response.flushHeaders();
    },
  });
  const cluster = await findCluster(undefined, world.surroundings);
  const head = new Promise<void>((resolve) => {
    const come = (): void => resolve();
    subscribe('http.client.response.finish', come);
    onTestFinished(() => {
      unsubscribe('http.client.response.finish', come);
      world.close();
    });
  });
  vi.useFakeTimers({ toFake: [...TIMERS] });
  const refused = get(cluster, '/', new AbortController().signal).catch((error: unknown) => error);
  await head;
  await new Promise(setImmediate);
  await vi.advanceTimersByTimeAsync(9000);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await refused).toMatchObject({ status: 503, message: expect.stringMatching(/: without a reason$/) });
});

it('an answer that stops in the middle is given up, and its connection with it', async () => {
  vi.useFakeTimers({ toFake: [...TIMERS] });
  const answer = new PassThrough();
  answer.write('{');
  const read = readAll(answer, 100, 30_000).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(31_000);
  expect(await read).toEqual(new Error('an answer of the API server was not whole in 30 s'));
  expect(answer.destroyed).toBe(true);
});

it.each([
  { what: 'a token of two lines', token: 'one\ntwo', problem: 'Invalid character in header content' },
  { what: 'a certificate that is none', tls: { cert: 'none', key: 'none' }, problem: 'PEM' },
])('$what is told with where it comes from', async ({ what: _, problem, ...credentials }) => {
  const cluster = {
    server: new URL('https://127.0.0.1:1'),
    namespace: 'shop',
    token: undefined,
    tls: {},
    source: 'context "kind" of the kubeconfig',
    ...credentials,
  };
  const refused = get(cluster, '/', new AbortController().signal);
  await expect(refused).rejects.toThrow(
    'the token, certificate or key of context "kind" of the kubeconfig cannot be used: ',
  );
  await expect(refused).rejects.toThrow(problem);
});
