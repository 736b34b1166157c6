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
