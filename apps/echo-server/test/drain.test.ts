/** How servers end: what clients notice of it, and what they do not. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { tcp } from '@petiole/test-kit/tcp';
import { expect, onTestFinished, test, vi } from 'vitest';
import { echoClient, healthClient, portOf, unaryEcho } from './grpc-clients.js';
import { addressesIn, servingAddresses, startServer } from './server-process.js';

// Several processes a test, on a machine that runs other packages' tests as well.
vi.setConfig({ testTimeout: 60_000 });

const ROUND_ROBIN = {
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  // Soon back at a listener that returns; the default is a second.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 100,
};

test('under load no RPC fails while listeners stop and return, and while a process drains', async () => {
  const [staying, leaving] = [
    startServer(['--listen', '127.0.0.1:0,127.0.0.1:0']),
    startServer(['--listen', '127.0.0.1:0']),
  ];
  const lines = staying.out;
  const [[a = '', b = ''], [c = '']] = await Promise.all([
    lines.next().then(addressesIn),
    servingAddresses(leaving),
  ]);
  const client = echoClient(`ipv4:${a},${b},${c}`, ROUND_ROBIN);

  const failures: Error[] = [];
  const answered = new Map<string, number>();
  const waiting: { address: string; count: number; resolve: () => void }[] = [];
  const answersFrom = (address: string, more: number): Promise<void> =>
    new Promise((resolve) => {
      waiting.push({ address, count: (answered.get(address) ?? 0) + more, resolve });
    });
  let loaded = true;
  const worker = async (): Promise<void> => {
    while (loaded) {
      const answer = await unaryEcho(client, 'load').catch((error: Error) => {
        failures.push(error);
        return '';
      });
      const address = answer.replace(/^load \(from (.*)\)$/, '$1');
      answered.set(address, (answered.get(address) ?? 0) + 1);
      for (const each of waiting) if ((answered.get(each.address) ?? 0) >= each.count) each.resolve();
    }
  };
  const load = Promise.all(Array.from({ length: 8 }, worker));

  await Promise.all([a, b, c].map((address) => answersFrom(address, 50)));
  for (let round = 0; round < 3; round++) {
    staying.stdin.write('stop 2\n');
    expect(await lines.next()).toBe(`stopped ${b}`);
    await answersFrom(a, 20);
    staying.stdin.write('start 2\n');
    expect(await lines.next()).toBe(`started ${b}`);
    await answersFrom(b, 20);
  }
  leaving.kill('SIGTERM');
  expect((await leaving).exitCode).toBe(0);
  await Promise.all([a, b].map((address) => answersFrom(address, 50)));
  loaded = false;
  await load;

  expect(failures).toEqual([]);
});

test('SIGTERM: health says NOT_SERVING while RPCs in flight still go on, and a Watch does not hold the end up', async () => {
  const server = startServer(['--listen', '127.0.0.1:0', '--grace', '10m']);
  const [address = ''] = await servingAddresses(server);
  const watch = healthClient(address).serverStream('watch', { service: '' });
  expect(await once(watch, 'data')).toEqual([{ status: 'SERVING' }]);
  const ended = once(watch, 'error');
  const dialogue = echoClient(address).bidirectionalStreamingEcho();
  dialogue.write({ message: 'before' });
  await once(dialogue, 'data');

  server.kill('SIGTERM');
  expect(await once(watch, 'data')).toEqual([{ status: 'NOT_SERVING' }]);
  // New connections are refused from then on.
  while ((await tcp('127.0.0.1', portOf(address))) === 'open');
  dialogue.write({ message: 'after' });
  expect(await once(dialogue, 'data')).toEqual([{ message: `after (from ${address})` }]);
  dialogue.end();

  expect(await ended).toMatchObject([{ code: status.UNAVAILABLE, details: 'the server stops' }]);
  const { exitCode, stdout, stderr } = await server;
  expect([exitCode, stdout, stderr]).toEqual([0, `serving on ${address}`, '']);
});

test('SIGTERM with nothing in flight: a peer that never hangs up does not make the server wait for the grace', async () => {
  const server = startServer(['--listen', '127.0.0.1:0', '--grace', '10m']);
  const [address = ''] = await servingAddresses(server);
  // It hears the GOAWAY and the end of the connection, and keeps its own half open.
  const peer = connect({ host: '127.0.0.1', port: portOf(address), allowHalfOpen: true });
  onTestFinished(() => void peer.destroy());
  peer.on('error', () => {});
  // The server's SETTINGS.
  await once(peer, 'data');

  server.kill('SIGTERM');
  expect((await server).exitCode).toBe(0);
});

test('--grace: what takes longer is cut off with UNAVAILABLE, counted, and the exit code is 0', async () => {
  const server = startServer(['--listen', '127.0.0.1:0', '--grace', '50ms']);
  const [address = ''] = await servingAddresses(server);
  const dialogue = echoClient(address).bidirectionalStreamingEcho();
  dialogue.write({ message: 'never ended' });
  await once(dialogue, 'data');
  const cutOff = once(dialogue, 'error');

  server.kill('SIGTERM');
  expect(await cutOff).toMatchObject([{ code: status.UNAVAILABLE, details: 'the server stops' }]);
  const { exitCode, stdout } = await server;
  expect([exitCode, stdout.split('\n').at(-1)]).toEqual([0, `stopped ${address}, 1 RPC cut off`]);
});
