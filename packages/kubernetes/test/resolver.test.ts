/** The resolver in channels of grpc-js. */

import { EventEmitter, once } from 'node:events';
import { experimental } from '@grpc/grpc-js';
import type { ResolverUpdate } from '@petiole/resolver';
import { openClient, ROUND_ROBIN } from '@petiole/test-kit/clients';
import { hear } from '@petiole/test-kit/hear';
import { ask } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { expect, it, vi } from 'vitest';
import { registerKubernetesResolver } from '../src/index.js';
import { createKubernetesResolver } from '../src/resolver.js';
import { type Answer, list, of, say, serve, watch } from './support/scripted-api.js';

/**
 * An API server that knows one pod, `a`, at a port of 127.0.0.1. Channels made from now on ask it: options, even none, take the
 * scheme over.
 */
async function onePod(watches: readonly Answer[] = [watch()]) {
  const authorities: string[] = [];
  const { port } = await startBackend({
    unary: (call, answer) => {
      authorities.push(call.getHost());
      answer(null, Buffer.from('a'));
    },
  });
  const { world, asked } = await serve({
    list: [list(of('echo-1', '127.0.0.1', '7', port))],
    watch: watches,
  });
  createKubernetesResolver(world.surroundings).register({});
  return { world, asked, authorities };
}

it('RPCs reach the pods of the Service, by the name that it has in its cluster', async () => {
  const { authorities } = await onePod();
  expect(await ask(openClient('k8s:///echo:grpc', ROUND_ROBIN))).toBe('a');
  expect(await ask(openClient('k8s:///echo.shop:grpc', ROUND_ROBIN))).toBe('a');
  expect(authorities).toEqual(['echo.shop.svc', 'echo.shop.svc']);
});

it('one watch serves all channels of a target, and ends with the last of them', async () => {
  const api = new EventEmitter();
  const [begun, end] = [once(api, 'begin'), once(api, 'end')];
  const { asked } = await onePod([
    (response, request) => {
      response.on('close', () => api.emit('end'));
      api.emit('begin');
      watch()(response, request);
    },
  ]);
  const clients = [1, 2, 3].map(() => openClient('k8s:///echo:grpc', ROUND_ROBIN));
  expect(await Promise.all(clients.map((client) => ask(client)))).toEqual(['a', 'a', 'a']);
  await begun;
  expect(asked).toEqual(['list', 'watch from 7']);
  for (const client of clients) client.close();
  await end;
});

it('an API server that goes away costs nothing: the endpoints stay, and events say why', async () => {
  const { world } = await onePod([watch()]);
  const client = openClient('k8s:///echo:grpc', ROUND_ROBIN);
  expect(await ask(client)).toBe('a');
  const failed = new Promise<ResolverUpdate>((resolve) => {
    hear<ResolverUpdate>(['petiole.resolver.update'], (update) => {
      if (update.error !== undefined) resolve(update);
    });
  });
  world.gateway.close();
  expect(await failed).toMatchObject({ endpoints: 1, error: expect.stringContaining('cannot be reached') });
  expect(await ask(client)).toBe('a');
});

it('an API server that restarts is asked for no list: the watch goes on', async () => {
  const api = new EventEmitter();
  const begun = once(api, 'begin');
  const { asked } = await onePod([
    say(503, {}),
    (response, request) => {
      watch()(response, request);
      api.emit('begin');
    },
  ]);
  const client = openClient('k8s:///echo:grpc', { ...ROUND_ROBIN, 'grpc.initial_reconnect_backoff_ms': 10 });
  expect(await ask(client)).toBe('a');
  await begun;
  expect(asked).toEqual(['list', 'watch from 7', 'watch from 7']);
});

it('RPCs fail with the sentence of what is wrong where there never was an endpoint', async () => {
  const { world } = await serve({
    list: [say(403, { message: 'endpointslices.discovery.k8s.io is forbidden' })],
  });
  createKubernetesResolver(world.surroundings).register({});
  await expect(ask(openClient('k8s:///echo:grpc'))).rejects.toThrow(
    /^14 UNAVAILABLE: Name resolution failed for target k8s:\/\/\/echo:grpc: the API server 127\.0\.0\.1:\d+ says 403: endpointslices\.discovery\.k8s\.io is forbidden: it takes a Role/,
  );
  const empty = await serve({ list: [list()] });
  createKubernetesResolver(empty.world.surroundings).register({});
  await expect(ask(openClient('k8s:///echo:grpc'))).rejects.toThrow(
    '14 UNAVAILABLE: k8s:///echo:grpc: no endpoints: there is no Service "echo" in namespace "shop"',
  );
});

it('RPCs to a bad target fail with the part that is wrong', async () => {
  registerKubernetesResolver();
  await expect(ask(openClient('k8s:///echo.default.svc.cluster.local:80'))).rejects.toThrow(
    '14 UNAVAILABLE: Name resolution failed for target k8s:///echo.default.svc.cluster.local:80: "echo.default.svc.cluster.local" has more than a service and a namespace',
  );
});

it('options are the bounds of a Service, and no others', () => {
  expect(() => registerKubernetesResolver({ maxEndpoints: 5000 })).not.toThrow();
  expect(() => registerKubernetesResolver({ maxEndpoints: 0 })).toThrow(
    'maxEndpoints must be an integer from 1 to 1000000, got 0',
  );
  expect(() => registerKubernetesResolver({ interval: 7 } as object)).toThrow('interval');
});

it('another copy of this package that registers takes no options away', async () => {
  registerKubernetesResolver({ maxEndpoints: 5000 });
  const made = (): unknown =>
    experimental.createResolver({ scheme: 'k8s', path: 'echo:grpc' }, () => true, {}).constructor;
  const before = made();
  vi.resetModules();
  const copy = await import('../src/index.js');
  copy.registerKubernetesResolver();
  expect(made()).toBe(before);
  copy.registerKubernetesResolver({});
  expect(made()).not.toBe(before);
});
