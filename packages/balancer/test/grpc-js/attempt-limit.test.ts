/** What attempt-limit.ts stands on, in the newest and the oldest grpc-js: a subchannel makes its connections by `connector.connect`. */
import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import * as newest from '@grpc/grpc-js';
import { told } from '@petiole/test-kit/told';
import * as oldest from 'grpc-js-oldest';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { limitAttempts } from '../../src/grpc-js/attempt-limit.js';
import { TellingClients } from '../support/policy-around.js';

type SubchannelInterface = newest.experimental.SubchannelInterface;

// Sockets are real, and the 20 s are not.
beforeAll(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
afterAll(() => void vi.useRealTimers());

/** A server that takes connections and says nothing. */
async function startSilent() {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => {}).resume()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { sockets, target: `ipv4:127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe.each([
  ['the newest', newest],
  ['the oldest', oldest as unknown as typeof newest],
])('%s grpc-js of the range', (_, grpc) => {
  const clients = new TellingClients(grpc);

  test.each([
    ['HTTP/2', () => grpc.credentials.createInsecure()],
    ['TLS', () => grpc.credentials.createSsl()],
  ])(
    'an attempt that hangs in the handshake of %s fails after 20 s, its socket is closed, and grpc-js makes another one',
    async (_handshake, credentials) => {
      const failures: (string | undefined)[] = [];
      clients.made = (subchannel) => {
        limitAttempts(subchannel);
        limitAttempts(subchannel);
        subchannel.addConnectivityStateListener((_subchannel, _from, to, _keepalive, error) => {
          if (to === newest.connectivityState.TRANSIENT_FAILURE) failures.push(error);
        });
      };
      const { sockets, target } = await startSilent();
      clients.connect(target, credentials());
      await expect.poll(() => sockets.length).toBe(1);
      vi.advanceTimersByTime(15_000); // the clock goes on while something is polled
      await told();
      expect(failures).toEqual([]);
      vi.advanceTimersByTime(5_000);
      await expect.poll(() => failures).toEqual(['Error: connection attempt unfinished after 20 s']);
      await expect.poll(() => sockets.map(({ closed }) => closed)).toEqual([true, false]);
      vi.advanceTimersByTime(20_000);
      await expect.poll(() => sockets.map(({ closed }) => closed)).toEqual([true, true, false]);
    },
  );
});

/** A connector as grpc-js has it, whose TCP connections are the test's, and its attempts. */
function connectorOf(tcp: Promise<Socket>) {
  const plain = { connect: async (socket: Socket) => ({ socket }) };
  const real = {
    connector: {
      async connect(_address: object, secure: typeof plain, _options: object) {
        const socket = await tcp;
        return secure.connect(socket).catch((error) => {
          socket.destroy();
          throw error;
        });
      },
    },
  };
  limitAttempts({ getRealSubchannel: () => real } as unknown as SubchannelInterface);
  return () => real.connector.connect({}, plain, {});
}

test('a TCP connection that is made after the 20 s is closed, and one that is made before them is left alone', async () => {
  let arrive: (socket: Socket) => void = () => {};
  const attempt = connectorOf(
    new Promise((resolve) => {
      arrive = resolve;
    }),
  )();
  const early = new Socket();
  expect(await connectorOf(Promise.resolve(early))()).toEqual({ socket: early });
  vi.advanceTimersByTime(20_000);
  await expect(attempt).rejects.toThrow('connection attempt unfinished after 20 s');
  const late = new Socket();
  arrive(late);
  await told();
  expect([early.destroyed, late.destroyed]).toEqual([false, true]);
});

test('where grpc-js has no connector that is known, attempts are as they were; the log says so once', async () => {
  const lines: string[] = [];
  newest.setLogger({ error: (line: string) => lines.push(line) });
  onTestFinished(() => newest.setLogger(console));
  for (let i = 0; i < 2; i++)
    limitAttempts({ getRealSubchannel: () => ({}) } as unknown as SubchannelInterface);
  await told();
  expect(lines).toEqual([expect.stringContaining('how this version of @grpc/grpc-js makes connections')]);
});
