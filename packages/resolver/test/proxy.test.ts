/** What the README says about http_proxy, held against grpc-js. */

import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { openClient } from '@petiole/test-kit/clients';
import { ask } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { expect, it, onTestFinished, vi } from 'vitest';
import { registerStaticResolver } from '../src/index.js';

it('a proxy of the environment takes static: targets away from the resolver, unless grpc.enable_http_proxy is 0', async () => {
  registerStaticResolver();
  const server = await startBackend({ name: 'a' });
  let seen: (text: string) => void = () => {};
  const request = new Promise<string>((resolve) => {
    seen = resolve;
  });
  const proxy = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (chunk) => {
      seen(chunk.toString());
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    proxy.close();
    vi.unstubAllEnvs();
  });
  vi.spyOn(console, 'error').mockImplementation(() => {});
  for (const name of ['no_proxy', 'no_grpc_proxy', 'grpc_proxy', 'https_proxy']) vi.stubEnv(name, '');
  vi.stubEnv('http_proxy', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  const target = `static:127.0.0.1:${server.port}`;
  const proxied = ask(openClient(target, { 'grpc.enable_http_proxy': 1 }), 1000).catch(() => 'failed');
  expect(await request).toMatch(/^CONNECT 127\.0\.0\.1:/);
  expect(await proxied).toBe('failed');
  await expect(ask(openClient(target))).resolves.toBe('a');
});
