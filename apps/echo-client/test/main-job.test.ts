/**
 * The main job, end to end: the real apps as processes on the real ports
 * 50050 to 50052, compared line by line with the reference transcript.
 */
import { readFileSync } from 'node:fs';
import type { Program } from '@petiole/test-kit/processes/program';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { listeningDefaults, startApp } from './support/app-process.js';

// Several processes a test, on a machine that runs other packages' tests as well.
vi.setConfig({ testTimeout: 60_000 });

const TRANSCRIPT = readFileSync(new URL('transcript.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');
const SERVING = /^serving on 127\.0\.0\.1:50050, \[::1\]:50051, \[::\]:50052$/;

const apps: Program[] = [];

function start(...parameters: Parameters<typeof startApp>): Program {
  const app = startApp(...parameters);
  apps.push(app);
  return app;
}

beforeEach(async () => {
  expect(await listeningDefaults(), 'the ports of the main job must be free').toEqual([]);
});

afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.kill('SIGKILL');
    await app;
  }
});

async function stopped(server: Program): Promise<void> {
  server.kill('SIGTERM');
  expect((await server).exitCode).toBe(0);
  expect(await listeningDefaults()).toEqual([]);
}

describe('the transcript', () => {
  test('servers first, then the client: line by line as in the reference, twice', async () => {
    const server = start('echo-server');
    await server.out.line(SERVING);

    for (let run = 0; run < 2; run++) {
      const client = await start('echo-client');
      expect(client.stdout.split('\n')).toEqual(TRANSCRIPT);
      expect([client.exitCode, client.stderr]).toEqual([0, '']);
    }

    await stopped(server);
  });

  test('the client may start first: it waits for the servers', async () => {
    // The client has seen every connection refused before the first server exists.
    const client = start('echo-client', {
      GRPC_TRACE: 'subchannel',
      GRPC_VERBOSITY: 'DEBUG',
    });
    const refused = new Set<string>();
    await client.err.line((line) => {
      const address = / (\S+:5005[012]) CONNECTING -> TRANSIENT_FAILURE .*ECONNREFUSED/.exec(line)?.[1];
      if (address !== undefined) refused.add(address);
      return refused.size === 6;
    });

    const server = start('echo-server');
    const { stdout, exitCode } = await client;

    expect(stdout.split('\n')).toEqual(TRANSCRIPT);
    expect(exitCode).toBe(0);
    await stopped(server);
  });
});

describe('failures', () => {
  test('one server missing: exit 1 within the deadline, and the peer that never came is named', async () => {
    const server = start('echo-server', { ECHO_SERVER_LISTEN: '127.0.0.1:50050,[::]:50052' });
    await server.out.line(/^serving on/);

    const begun = performance.now();
    // The default, 10 s, is what --help says.
    const client = await start('echo-client', { ECHO_CLIENT_TIMEOUT: '3' });
    const seconds = (performance.now() - begun) / 1000;

    expect(client.exitCode).toBe(1);
    expect(client.stdout).toBe('');
    expect(client.stderr).toContain('no success within 3 s: 0 of 27 RPCs were answered');
    expect(client.stderr).toMatch(
      /never came: peer \[::1\]:50051 \(endpoint \[::1\]:50051\+127\.0\.0\.1:50051\): .*ECONNREFUSED/,
    );
    expect(client.stderr).not.toMatch(/never came: peer (127\.0\.0\.1:50050|\[::1\]:50052)/);
    // The 3 s of the message, and what a process takes to start and to end on a busy machine.
    expect(seconds).toBeGreaterThan(3);
    expect(seconds).toBeLessThan(13);
    await stopped(server);
  });

  test('a wrong distribution is told from a right one: the client exits 1 and says what it saw', async () => {
    // The second server listens on IPv4 where it should on IPv6: all connect, one peer is wrong.
    const server = start('echo-server', { ECHO_SERVER_LISTEN: '127.0.0.1:50050,127.0.0.1:50051,[::]:50052' });
    await server.out.line(/^serving on/);

    const client = await start('echo-client');

    expect(client.exitCode).toBe(1);
    expect(client.stdout).not.toContain('Successful');
    expect(client.stderr).toContain('RPC 4 of 27 was answered by 127.0.0.1:50051, expected [::1]:50051');
    expect(client.stderr).toContain('(in total 127.0.0.1:50050 9, 127.0.0.1:50051 9, [::1]:50052 9)');
    await stopped(server);
  });

  test('a taken port: the servers refuse to start, and leave nothing behind', async () => {
    const first = start('echo-server', { ECHO_SERVER_LISTEN: '[::1]:50051' });
    await first.out.line(/^serving on/);

    const second = await start('echo-server');

    expect(second.exitCode).toBe(1);
    expect(second.stdout).toBe('');
    expect(second.stderr).toBe(
      'echo-server: cannot listen on [::1]:50051: another process listens there (EADDRINUSE)',
    );
    expect(await listeningDefaults()).toEqual(['[::1]:50051']);
    await stopped(first);
  });
});

describe('SIGTERM', () => {
  test('to the servers while RPCs run: they drain and exit 0', async () => {
    const server = start('echo-server');
    await server.out.line(SERVING);
    const client = start('echo-client');
    await client.out.line(/^Response from peer/);

    await stopped(server);

    // Whether the client had all its answers by then is a race that either side may win; it never lies about it.
    client.kill('SIGKILL');
    const { stdout } = await client;
    expect(TRANSCRIPT.join('\n').startsWith(stdout.trimEnd())).toBe(true);
  });

  test('to the client: it ends at once, the servers go on', async () => {
    const client = start('echo-client');
    const server = start('echo-server', { ECHO_SERVER_LISTEN: '127.0.0.1:50050' });
    await server.out.line(/^serving on/);

    client.kill('SIGTERM');
    expect((await client).signal).toBe('SIGTERM');

    expect(await listeningDefaults()).toEqual(['127.0.0.1:50050']);
    await stopped(server);
  });
});
