/** What is written where: JSON, nothing, or to a reader who has gone; and the faults that the log shows. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { issue } from '@petiole/test-kit/certificates';
import { start } from '@petiole/test-kit/processes/program';
import { expect, onTestFinished, test, vi } from 'vitest';
import { echoClient, healthClient, unaryEcho } from './grpc-clients.js';
import { APP, SERVER, startServer } from './server-process.js';

// Real processes, on a machine that runs other packages' tests as well.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'echo-server-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('--json: each line is an object; --delay and --error-rate concern RPCs of the Echo service, not health checks', async () => {
  const server = startServer(['--listen', '127.0.0.1:0', '--json', '--delay', '20ms', '--error-rate', '0.5']);
  const [lines, complaints] = [server.out, server.err];
  const next = async (): Promise<Record<string, unknown>> => JSON.parse(await lines.next());

  const serving = await next();
  expect(serving).toEqual({ time: expect.any(String), event: 'serving', listeners: [expect.any(String)] });
  expect(new Date(String(serving.time)).toISOString()).toBe(serving.time);
  const [address = ''] = serving.listeners as string[];
  await healthClient(address).unary('check', { service: '' });

  const echo = echoClient(address);
  const seen = new Set<unknown>();
  // One in two: that fifty in a row are alike has a chance of 2^-49.
  for (let attempt = 0; attempt < 50 && seen.size < 2; attempt++) {
    const outcome = await unaryEcho(echo, 'luck').then(
      () => 'OK',
      (error: Error) =>
        /UNAVAILABLE: failed on purpose: the error rate is 0\.5/.exec(error.message) && 'UNAVAILABLE',
    );
    const event = await next();
    expect(event).toEqual({
      time: expect.any(String),
      event: 'rpc',
      listener: address,
      method: '/grpc.examples.echo.Echo/UnaryEcho',
      peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      status: outcome,
      ms: expect.any(Number),
    });
    // A timer may be up to a millisecond early.
    expect(event.ms).toBeGreaterThanOrEqual(19);
    seen.add(outcome);
  }
  expect([...seen].sort()).toEqual(['OK', 'UNAVAILABLE']);

  server.stdin.write('health 1\nnonsense\n');
  expect(await next()).toMatchObject({ event: 'health', listener: address, status: 'NOT_SERVING' });
  expect(JSON.parse(await complaints.next())).toMatchObject({ event: 'error' });
  server.kill('SIGTERM');
  expect(await next()).toMatchObject({ event: 'draining', listener: address, why: 'shutdown', inFlight: 0 });
  expect(await next()).toMatchObject({ event: 'stopped', listener: address, why: 'shutdown', cutOff: 0 });
  expect((await server).exitCode).toBe(0);
});

test('--quiet prints nothing; --tls-…: only clients with a certificate of the authority get in, by a Unix socket too', async () => {
  const path = folder();
  const authority = await issue(['localhost']);
  writeFileSync(join(path, 'cert.pem'), authority.cert);
  writeFileSync(join(path, 'key.pem'), authority.key);
  const socket = join(path, 'socket');
  const tls = ['--tls-cert', join(path, 'cert.pem'), '--tls-key', join(path, 'key.pem')];
  const server = startServer([
    '--quiet',
    '--listen',
    `unix:${socket}`,
    ...tls,
    '--tls-client-ca',
    join(path, 'cert.pem'),
  ]);
  await expect.poll(() => existsSync(socket), { timeout: 40_000, interval: 20 }).toBe(true);

  const cert = readFileSync(join(path, 'cert.pem'));
  const key = readFileSync(join(path, 'key.pem'));
  const target = `unix:${socket}`;
  expect(await unaryEcho(echoClient(target, {}, credentials.createSsl(cert, key, cert)), 'mutual')).toBe(
    `mutual (from ${target})`,
  );
  await expect(unaryEcho(echoClient(target, {}, credentials.createSsl(cert)), 'nameless')).rejects.toThrow(
    'UNAVAILABLE',
  );
  await expect(unaryEcho(echoClient(target), 'plain')).rejects.toThrow('UNAVAILABLE');

  server.kill('SIGTERM');
  const { exitCode, stdout, stderr } = await server;
  expect([exitCode, stdout, stderr]).toEqual([0, '', '']);
  expect(existsSync(socket)).toBe(false);
});

test('a reader who has gone (`| head -1`) ends the server: it drains, exits with 0 and complains to nobody', async () => {
  const socket = join(folder(), 'socket');
  // The shell waits for both; the server's own exit code goes to stderr.
  const command = `{ ${SERVER.join(' ')} --json --listen unix:${socket}; echo "exit $?" >&2; } | head -1`;
  const pipeline = start(['sh', '-c', command], { cwd: APP });
  await pipeline.out.next();
  const client = echoClient(`unix:${socket}`);
  // The first RPC whose line finds no reader is answered all the same.
  while (existsSync(socket)) await unaryEcho(client, 'is anybody there?').catch(() => {});

  const { stdout, stderr } = await pipeline;
  expect(JSON.parse(stdout)).toMatchObject({ event: 'serving' });
  expect(stderr).toBe('exit 0');
});
