/** The server's process from outside: what it prints, which families it serves, how it ends. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { EchoResponse__Output } from '@petiole/echo-proto';
import { tcp } from '@petiole/test-kit/tcp';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { echoClient, portOf, unaryEcho } from './grpc-clients.js';
import { FREE_PORTS, servingAddresses, startServer } from './server-process.js';

// Real processes, on a machine that runs other packages' tests as well.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe('listening', () => {
  test('each listener serves exactly the address families of its address', async () => {
    const [v4, v6, both] = await servingAddresses(startServer(FREE_PORTS));

    expect(v4).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    expect(v6).toMatch(/^\[::1\]:[1-9]\d*$/);
    expect(both).toMatch(/^\[::\]:[1-9]\d*$/);
    // By its answer: the same port of the other family may be somebody else's.
    const servesAt = (host: string, address: string | undefined): Promise<boolean> =>
      unaryEcho(echoClient(`${host}:${portOf(address)}`), 'who?').then(
        (answer) => answer === `who? (from ${address})`,
        () => false,
      );
    const families = (address: string | undefined): Promise<boolean[]> =>
      Promise.all([servesAt('127.0.0.1', address), servesAt('[::1]', address)]);
    expect(await families(v4)).toEqual([true, false]);
    expect(await families(v6)).toEqual([false, true]);
    expect(await families(both)).toEqual([true, true]);
  });

  test('a taken port is one line that names address and cause, exit 1, and no listener is left', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const free = createServer().listen(0, '::1');
    await once(free, 'listening');
    const freePort = (free.address() as AddressInfo).port;
    await new Promise((resolve) => free.close(resolve));

    const child = startServer(['--listen', `[::1]:${freePort}`, '--listen', `127.0.0.1:${port}`]);
    const result = await child;

    expect(result.exitCode).toBe(1);
    expect(result.stdout).toBe('');
    expect(result.stderr).toBe(
      `echo-server: cannot listen on 127.0.0.1:${port}: another process listens there (EADDRINUSE)`,
    );
    expect(await tcp('::1', freePort)).toBe('ECONNREFUSED');
  });

  test('an address that the machine lacks is named with its cause, exit 1', async () => {
    // A documentation address (RFC 3849): what [::1] is to a machine without IPv6.
    const result = await startServer(['--listen', '127.0.0.1:0,[2001:db8::1]:50051']);

    expect(result.exitCode).toBe(1);
    expect(result.stderr.split('\n')).toHaveLength(1);
    expect(result.stderr).toMatch(
      /^echo-server: cannot listen on \[2001:db8::1\]:50051: this machine has no such address.*is IPv6 switched on\?$/,
    );
  });
});

describe('echoing', () => {
  test('all four methods answer with the serving address', async () => {
    const [address = ''] = await servingAddresses(startServer(['--listen', ':0']));
    const echo = echoClient(`127.0.0.1:${portOf(address)}`);
    const answer = (message: string): EchoResponse__Output => ({ message: `${message} (from ${address})` });

    expect(await unaryEcho(echo, 'one')).toBe(answer('one').message);

    expect(await echo.serverStreamingEcho({ message: 'many' }).toArray()).toEqual(
      Array.from({ length: 10 }, () => answer('many')),
    );

    const collected = await new Promise((resolve, reject) => {
      const call = echo.clientStreamingEcho((error, response) => (error ? reject(error) : resolve(response)));
      call.write({ message: 'first' });
      call.end({ message: 'last' });
    });
    expect(collected).toEqual(answer('last'));

    const dialogue = echo.bidirectionalStreamingEcho();
    const responses = dialogue[Symbol.asyncIterator]();
    for (const message of ['ping', 'pong']) {
      dialogue.write({ message });
      // The answer comes before the next message is sent: the streams are interleaved.
      expect((await responses.next()).value).toEqual(answer(message));
    }
    dialogue.end();
    expect((await responses.next()).done).toBe(true);
  });
});

describe('stopping', () => {
  test('SIGINT ends an idle server with 0 and closes its listeners; for SIGTERM see drain.test.ts', async () => {
    const child = startServer(FREE_PORTS);
    const addresses = await servingAddresses(child);
    const echo = echoClient(`127.0.0.1:${portOf(addresses[0])}`);
    await unaryEcho(echo, 'a connection that stays open');

    child.kill('SIGINT');
    const result = await child;

    expect([result.exitCode, result.stderr]).toEqual([0, '']);
    expect(await tcp('127.0.0.1', portOf(addresses[0]))).toBe('ECONNREFUSED');
    expect(await tcp('::1', portOf(addresses[2]))).toBe('ECONNREFUSED');
  });

  test('a second signal does not wait for RPCs in flight', async () => {
    const child = startServer(['--listen', '127.0.0.1:0', '--grace', '10m']);
    const [address = ''] = await servingAddresses(child);
    const dialogue = echoClient(address).bidirectionalStreamingEcho();
    dialogue.on('error', () => {});
    dialogue.write({ message: 'never ended' });
    await once(dialogue, 'data');

    child.kill('SIGTERM');
    while ((await tcp('127.0.0.1', portOf(address))) === 'open');
    child.kill('SIGINT');

    // The drain alone would take its ten minutes.
    expect((await child).exitCode).toBe(0);
  });

  test('as a turbo task it ends when its stdin does, which is all that a killed turbo leaves behind', async () => {
    const child = startServer(['--listen', '127.0.0.1:0'], { TURBO_HASH: 'test' });
    await servingAddresses(child);
    child.stdin.end();
    expect((await child).exitCode).toBe(0);
  });

  test('outside of turbo the end of stdin means nothing', async () => {
    const child = startServer([], { ECHO_SERVER_LISTEN: '127.0.0.1:0' });
    const [address = ''] = await servingAddresses(child);
    child.stdin.end();
    await once(child.stdin, 'close');
    expect(await unaryEcho(echoClient(address), 'still there')).toBe(`still there (from ${address})`);
  });
});
