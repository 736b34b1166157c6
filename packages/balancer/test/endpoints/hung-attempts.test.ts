/** Connection attempts that hang, against real sockets: the server is reached by the next attempt. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { startBackend } from '@petiole/test-kit/servers';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { leastRequest } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';

leastRequest.register();

// Sockets are real, and the 20 s are not.
beforeAll(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
afterAll(() => void vi.useRealTimers());

/** A way to a server that swallows some connections, by their number from 0. */
async function startSwallowing(swallows: (connection: number) => boolean) {
  const backend = await startBackend();
  const sockets: Socket[] = [];
  const proxy = createServer((socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
    if (swallows(sockets.length - 1)) {
      socket.resume();
      return;
    }
    const behind = connect(backend.port, '127.0.0.1').on('error', () => {});
    socket.pipe(behind).pipe(socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = proxy.address() as AddressInfo;
  return { sockets, peer: `127.0.0.1:${port}`, endpoint: { addresses: [{ host: '127.0.0.1', port }] } };
}

const withoutHurry = () => ({ deadline: Date.now() + 60_000 });

test('a server whose first connection was lost to a firewall serves over the next one', async () => {
  const { sockets, peer, endpoint } = await startSwallowing((connection) => connection === 0);
  const log = EventLog.start();
  const channel = openChannel({ endpoints: [endpoint], policy: leastRequest() });
  const first = channel.unary(withoutHurry());
  await expect.poll(() => sockets.length).toBe(1);
  vi.advanceTimersByTime(20_000);
  await expect(first).rejects.toThrow('connection attempt unfinished after 20 s');
  await log.event(peer, 'READY');
  await channel.unary();
  expect(sockets.map(({ closed }) => closed)).toEqual([true, false]);
});

test('clients that share a connection share the one that is made after an attempt that hung', async () => {
  const { sockets, peer } = await startSwallowing((connection) => connection === 0);
  const log = EventLog.start();
  const channelOptions = { 'grpc.use_local_subchannel_pool': 0 };
  const open = () =>
    openChannel({ target: `ipv4:${peer}`, endpoints: [], policy: leastRequest(), channelOptions });
  const channels = [open(), open()];
  const waiting = channels.map((channel) => channel.unary(withoutHurry()));
  await expect.poll(() => sockets.length).toBe(1);
  vi.advanceTimersByTime(20_000);
  for (const rpc of waiting) await expect(rpc).rejects.toThrow('connection attempt unfinished after 20 s');
  await log.untilEntered([peer], 'READY', 2);
  for (const channel of channels) await channel.unary();
  expect(sockets).toHaveLength(2);
});

test('one that hangs after another one has failed is given up, too', async () => {
  const { sockets, peer, endpoint } = await startSwallowing((connection) => connection < 2);
  const log = EventLog.start();
  const channel = openChannel({ endpoints: [endpoint], policy: leastRequest() });
  const first = channel.unary(withoutHurry());
  await expect.poll(() => sockets.length).toBe(1);
  sockets[0]?.destroy();
  await expect(first).rejects.toThrow('least_request: the only endpoint failed');
  vi.advanceTimersByTime(1000);
  await expect.poll(() => sockets.length).toBe(2);
  vi.advanceTimersByTime(20_000);
  await log.event(peer, 'READY');
  await channel.unary();
});
