/** Why connections end, with the newest and the oldest grpc-js of the range: facts by their numbers in docs/grpc-js-facts.md. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import * as newest from '@grpc/grpc-js';
import { UNARY } from '@petiole/test-kit/backend';
import { untilState } from '@petiole/test-kit/clients';
import { startHttp2 } from '@petiole/test-kit/http2-server';
import { startBackend } from '@petiole/test-kit/servers';
import * as oldest from 'grpc-js-oldest';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { DisconnectError } from '../../src/grpc-js/disconnects.js';
import { hookGrpcJs } from '../../src/grpc-js/hooks.js';
import { watch } from '../../src/grpc-js/watchers.js';

describe.each([
  ['the newest', newest],
  ['the oldest', oldest as unknown as typeof newest],
])('with %s grpc-js of the range, a connection ends', (_copy, grpc) => {
  beforeAll(() => hookGrpcJs(grpc));

  interface Connected {
    readonly client: newest.Client;
    /** The client's end. */
    readonly socket: Socket;
    /** When the connection has ended. */
    readonly ended: Promise<DisconnectError>;
  }

  async function connect(address: string, options: newest.ClientOptions = {}): Promise<Connected> {
    const ended = new Promise<DisconnectError>((resolve) => {
      const connectionChanged = (target: string, change: Change): void => {
        if (target.endsWith(address) && change.kind === 'closed') resolve(change.error);
      };
      onTestFinished(watch({ connectionChanged }));
    });
    const sockets: Socket[] = [];
    const keep = (message: unknown): unknown => sockets.push((message as { socket: Socket }).socket);
    subscribe('net.client.socket', keep);
    const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      ...options,
    });
    onTestFinished(() => client.close());
    client.getChannel().getConnectivityState(true);
    await untilState({ client }, 'READY');
    unsubscribe('net.client.socket', keep);
    const [socket] = sockets;
    if (socket === undefined) throw new Error('the client has opened no socket');
    return { client, socket, ended };
  }

  test('O10: by a GOAWAY, whose code has a name', async () => {
    const server = await startBackend();
    const { ended } = await connect(server.address);
    await server.drain();
    expect(await ended).toBe('GOAWAY NO_ERROR');
  });

  test.each([
    [11, 'GOAWAY ENHANCE_YOUR_CALM'],
    [13, 'GOAWAY HTTP_1_1_REQUIRED'],
    [14, 'GOAWAY unknown'],
    [4_000_000_000, 'GOAWAY unknown'],
  ])('O10: by a GOAWAY with the code %d', async (code, expected) => {
    const { peer } = await startHttp2(({ session }) => session?.goaway(code));
    const { client, ended } = await connect(peer);
    const bytes = (value: Buffer): Buffer => value;
    client.makeUnaryRequest(UNARY, bytes, bytes, Buffer.from(''), () => {});
    expect(await ended).toBe(expected);
  });

  test('O10: by a reset of the server, before grpc-js hears that it is closed', async () => {
    const server = await startRaw();
    const { ended } = await connect(server.address);
    // The client has something to send in this turn of the event loop, and would have the error there.
    await setImmediate();
    // What it has sent is unread, so the system answers with a reset.
    for (const socket of server.sockets) socket.destroy();
    expect(await ended).toBe('connection reset');
  });

  test.each([
    ['ETIMEDOUT', 'connection timed out'],
    ['ECONNABORTED', 'connection aborted'],
    ['EPIPE', 'socket error'],
    ['ERR_HTTP2_ERROR', 'unknown'],
  ])('O10: by the error %s', async (code, expected) => {
    const server = await startBackend();
    const { socket, ended } = await connect(server.address);
    const fromSystem = code.startsWith('ERR_') ? {} : { syscall: 'read' };
    socket.destroy(Object.assign(new Error(code), { code, ...fromSystem }));
    expect(await ended).toBe(expected);
  });

  test('O10: by a server that closes it without a word, for reasons unknown', async () => {
    const server = await startBackend();
    const { ended } = await connect(server.address);
    server.crash();
    expect(await ended).toBe('unknown');
  });

  test('O11: by the client, which shuts it down', async () => {
    const server = await startBackend();
    const { client, ended } = await connect(server.address);
    client.close();
    expect(await ended).toBe('subchannel shutdown');
  });

  test('O12: by a server that answers no ping', async () => {
    const server = await startRaw();
    const { ended } = await connect(server.address, {
      'grpc.keepalive_time_ms': 20,
      'grpc.keepalive_timeout_ms': 20,
      'grpc.keepalive_permit_without_calls': 1,
    });
    expect(await ended).toBe('connection timed out');
  });
});

type Change = Parameters<NonNullable<Parameters<typeof watch>[0]['connectionChanged']>>[1];

/** Begins HTTP/2, says nothing more, and reads nothing. */
async function startRaw(): Promise<{ readonly address: string; readonly sockets: readonly Socket[] }> {
  const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const sockets: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.push(socket.on('error', () => {}));
    socket.write(emptySettings);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}
