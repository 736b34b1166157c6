/** Servers that end with the test. */
import { onTestFinished } from 'vitest';
import { Backend, type BackendOptions } from './backend.js';
import { Peer } from './peer.js';

export async function startBackend(options: BackendOptions = {}): Promise<Backend> {
  const backend = await Backend.start(options);
  onTestFinished(() => backend.kill());
  return backend;
}

/** Several backends on ports of their own. */
export function startFleet(count: number, options: BackendOptions = {}): Promise<Backend[]> {
  return Promise.all(Array.from({ length: count }, () => startBackend(options)));
}

export async function startPeer(...how: Parameters<typeof Peer.start>): Promise<Peer> {
  const peer = await Peer.start(...how);
  onTestFinished(() => peer.close());
  return peer;
}
