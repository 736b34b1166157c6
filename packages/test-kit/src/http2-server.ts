/** An endpoint that speaks HTTP/2 by hand, until the test ends. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export async function startHttp2(
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<{ endpoint: { addresses: [{ host: string; port: number }] }; peer: string; port: number }> {
  const server = createServer().on('stream', (stream, headers) => {
    stream.on('error', () => {});
    answer(stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { endpoint: { addresses: [{ host: '127.0.0.1', port }] }, peer: `127.0.0.1:${port}`, port };
}
