/** The real API server, one for a file of tests, and worlds at it. */

import { Gateway } from '@petiole/test-kit/kubernetes/gateway';
import { clientAccount } from '@petiole/test-kit/kubernetes/objects';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { RealWorld } from '../support/world.js';
import { ApiServer } from './api-server.js';
import { binaries } from './binaries.js';
import { RealUpstream } from './real-upstream.js';

/** Starts one for the tests of the file. */
export function useApiServer(): () => ApiServer {
  let server: ApiServer | undefined;
  beforeAll(async () => {
    server = await ApiServer.start(await binaries());
  }, 60_000);
  afterAll(() => server?.close());
  return () => {
    if (server === undefined) throw new Error('there is no API server but within tests');
    return server;
  };
}

/** A namespace with a service account that may watch slices; its gateway ends with the test. */
export async function openReal(api: ApiServer, namespace: string): Promise<RealWorld> {
  await api.apply(...clientAccount(namespace));
  const upstream = new RealUpstream(api.port);
  const world = new RealWorld(namespace, await Gateway.start(upstream), upstream, api);
  world.setToken(await api.token(namespace, 'client', Date.now() / 1000 + 3600));
  onTestFinished(() => world.close());
  return world;
}
