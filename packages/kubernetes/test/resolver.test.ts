/** The resolver in channels of grpc-js. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ResolverUpdate } from '@petiole/resolver';
import { expect, it, onTestFinished } from 'vitest';
import { registerKubernetesResolver } from '../src/index.js';
import { createKubernetesResolver } from '../src/resolver.js';
import { ask, makeClient, startServer } from './support/grpc.js';
import { type Answer, list, of, say, serve, watch } from './support/scripted-api.js';

const ROUND_ROBIN = { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }) };

/** An API server that knows one pod, `a`, at a port of 127.0.0.1; channels made from now on ask it. */
async function onePod(watches: readonly Answer[] = [watch()]) {
  const authorities: string[] = [];
  const { port, server } = await startServer('a', '127.0.0.1:0', 0, (authority) =>
    authorities.push(authority),
  );
  const { world, asked } = await serve({
    list: [list(of('echo-1', '127.0.0.1', '7', port))],
    watch: watches,
  });
  createKubernetesResolver(world.surroundings).register();
  return { world, asked, authorities, port, server };
}

it('RPCs reach the pods of the Service, by the name that it has in its cluster', async () => {
  const { authorities } = await onePod();
  expect(await ask(makeClient('k8s:///echo:grpc', ROUND_ROBIN))).toBe('a');
  expect(await ask(makeClient('k8s:///echo.shop:grpc', ROUND_ROBIN))).toBe('a');
  expect(authorities).toEqual(['echo.shop.svc', 'echo.shop.svc']);
});

it('one watch serves all channels of a target, and ends with the last of them', async () => {
  let ended = (): void => {};
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const { asked } = await onePod([
    (response, request) => {
      response.on('close', ended);
      watch()(response, request);
    },
  ]);
  const clients = [1, 2, 3].map(() => makeClient('k8s:///echo:grpc', ROUND_ROBIN));
  expect(await Promise.all(clients.map(ask))).toEqual(['a', 'a', 'a']);
  expect(asked).toEqual(['list', 'watch from 7']);
  for (const client of clients) client.close();
  await end;
});

it('an API server that goes away costs nothing: the endpoints stay, and events say why', async () => {
  const { world } = await onePod([watch()]);
  const client = makeClient('k8s:///echo:grpc', ROUND_ROBIN);
  expect(await ask(client)).toBe('a');
  const failed = new Promise<ResolverUpdate>((resolve) => {
    const listen = (message: unknown): void => {
      if ((message as ResolverUpdate).error !== undefined) resolve(message as ResolverUpdate);
    };
    subscribe('petiole.resolver.update', listen);
    onTestFinished(() => void unsubscribe('petiole.resolver.update', listen));
  });
  world.gateway.close();
  expect(await failed).toMatchObject({ endpoints: 1, error: expect.stringContaining('cannot be reached') });
  expect(await ask(client)).toBe('a');
});

it('RPCs fail with the sentence of what is wrong where there never was an endpoint', async () => {
  const { world } = await serve({
    list: [say(403, { message: 'endpointslices.discovery.k8s.io is forbidden' })],
  });
  createKubernetesResolver(world.surroundings).register();
  await expect(ask(makeClient('k8s:///echo:grpc'))).rejects.toThrow(
    /^14 UNAVAILABLE: Name resolution failed for target k8s:\/\/\/echo:grpc: the API server 127\.0\.0\.1:\d+ says 403: endpointslices\.discovery\.k8s\.io is forbidden: it takes a Role/,
  );
  const empty = await serve({ list: [list()] });
  createKubernetesResolver(empty.world.surroundings).register();
  await expect(ask(makeClient('k8s:///echo:grpc'))).rejects.toThrow(
    '14 UNAVAILABLE: k8s:///echo:grpc: no endpoints: there is no Service "echo" in namespace "shop"',
  );
});

it('RPCs to a bad target fail with the part that is wrong', async () => {
  registerKubernetesResolver();
  await expect(ask(makeClient('k8s:///echo.default.svc.cluster.local:80'))).rejects.toThrow(
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
