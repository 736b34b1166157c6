/** What every listener offers beside the Echo service, and how its health is set without a terminal. */
import { once } from 'node:events';
import type { Lines } from '@petiole/test-kit/processes/lines';
import type { Program } from '@petiole/test-kit/processes/program';
import descriptor, { type IFileDescriptorProto } from 'protobufjs/ext/descriptor/index.js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  type Answer,
  channelzClient,
  echoClient,
  healthClient,
  reflectionClient,
  unaryEcho,
} from './grpc-clients.js';
import { addressesIn, launchServer } from './server-process.js';

// Real processes, on a machine that runs other packages' tests as well.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: Program;
let stdout: Lines;
let stderr: Lines;
let first = '';
let second = '';

beforeAll(async () => {
  server = launchServer(['--listen', '127.0.0.1:0', '--listen', '[::1]:0']);
  stdout = server.out;
  stderr = server.err;
  [first = '', second = ''] = addressesIn(await stdout.next());
});
afterAll(async () => {
  server.kill('SIGKILL');
  await server;
});

async function statuses(...services: readonly string[]): Promise<readonly unknown[]> {
  const answers = [first, second].flatMap((address) => {
    const health = healthClient(address);
    return services.map(async (service) => (await health.unary('check', { service })).status);
  });
  return Promise.all(answers);
}

test('health: Check, Watch and List tell what `health N` on stdin and SIGUSR2 set', async () => {
  const names = ['', 'grpc.examples.echo.Echo'];
  expect(await statuses(...names)).toEqual(['SERVING', 'SERVING', 'SERVING', 'SERVING']);
  await expect(healthClient(first).unary('check', { service: 'unknown' })).rejects.toThrow('NOT_FOUND');
  expect(await healthClient(first).unary('list', {})).toEqual({
    statuses: { '': { status: 'SERVING' }, 'grpc.examples.echo.Echo': { status: 'SERVING' } },
  });
  const watch = healthClient(second).serverStream('watch', { service: 'grpc.examples.echo.Echo' });
  watch.on('error', () => {});
  expect(await once(watch, 'data')).toEqual([{ status: 'SERVING' }]);

  server.stdin.write('health 2\n');
  expect(await once(watch, 'data')).toEqual([{ status: 'NOT_SERVING' }]);
  expect(await stdout.next()).toBe(`health of ${second} is NOT_SERVING`);
  expect(await statuses(...names)).toEqual(['SERVING', 'SERVING', 'NOT_SERVING', 'NOT_SERVING']);

  server.kill('SIGUSR2');
  expect(await once(watch, 'data')).toEqual([{ status: 'SERVING' }]);
  expect(await stdout.next()).toBe(`health of ${first} is NOT_SERVING`);
  expect(await stdout.next()).toBe(`health of ${second} is SERVING`);
  expect(await statuses('')).toEqual(['NOT_SERVING', 'SERVING']);
  watch.cancel();
  server.stdin.write('health 1\n');
  expect(await stdout.next()).toBe(`health of ${first} is SERVING`);
});

test('what is said while a listener starts counts: its health, and that it stops', async () => {
  const { stdin } = server;
  stdin.write('stop 2\n');
  expect(await stdout.next()).toBe(`stopped ${second}`);
  stdin.write('start 2\nhealth 2\n');
  expect(await stdout.next()).toBe(`health of ${second} is NOT_SERVING`);
  expect(await stdout.next()).toBe(`started ${second}`);
  expect(await statuses('')).toEqual(['SERVING', 'NOT_SERVING']);
  stdin.write('stop 2\n');
  expect(await stdout.next()).toBe(`stopped ${second}`);
  stdin.write('start 2\nstop 2\n');
  expect(await stdout.next()).toBe(`started ${second}`);
  expect(await stdout.next()).toBe(`stopped ${second}`);
  stdin.write('start 2\n');
  expect(await stdout.next()).toBe(`started ${second}`);
  stdin.write('health 2\n');
  expect(await stdout.next()).toBe(`health of ${second} is SERVING`);
});

test.each(['v1', 'v1alpha'] as const)(
  'reflection %s: lists every service, with files that fit together',
  async (version) => {
    const stream = reflectionClient(first, version).duplex('serverReflectionInfo');
    const ask = async (request: object): Promise<Answer> => {
      stream.write(request);
      return ((await once(stream, 'data')) as [Answer])[0];
    };
    const services = [
      'grpc.examples.echo.Echo',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'grpc.channelz.v1.Channelz',
    ];
    expect(await ask({ listServices: '' })).toMatchObject({
      listServicesResponse: { service: services.map((name) => ({ name })) },
    });

    for (const service of services) {
      const answer = await ask({ fileContainingSymbol: service });
      const encoded = (answer.fileDescriptorResponse as { fileDescriptorProto: Buffer[] })
        .fileDescriptorProto;
      const files = encoded.map(
        (file) => descriptor.FileDescriptorProto.decode(file) as IFileDescriptorProto,
      );
      expect(service).toContain(files[0]?.package);
      // grpcurl refuses a file that depends on others without naming them, and these two names as protobufjs has them.
      expect(files[0]?.dependency).toEqual(files.slice(1).map(({ name }) => name));
      if (service.includes('channelz')) {
        expect(files[0]?.dependency).toEqual(['google_protobuf.proto']);
        // As protoc has it; grpcurl would otherwise print server_id, which no other server makes it do.
        const ref = files[0]?.messageType?.find(({ name }) => name === 'ServerRef');
        expect(ref?.field?.map(({ jsonName }) => jsonName)).toEqual(['serverId', 'name']);
      }
      const nested = files[0]?.messageType?.flatMap((message) => message.nestedType ?? []) ?? [];
      for (const entry of nested.filter(({ options }) => options?.mapEntry))
        expect(entry.name).toMatch(/.Entry$/);
      if (service.includes('health')) expect(nested.map(({ name }) => name)).toEqual(['StatusesEntry']);
    }
    stream.end();
  },
);

test('channelz: both servers, with the calls of each', async () => {
  const echo = echoClient(second);
  for (const message of ['one', 'two', 'three']) await unaryEcho(echo, message);
  const { server: servers } = (await channelzClient(first).unary('getServers', {})) as unknown as {
    server: { data: { callsSucceeded: number }; listenSocket: { name: string }[] }[];
  };
  expect(servers.map(({ listenSocket }) => listenSocket.map(({ name }) => name))).toEqual([
    [first],
    [second],
  ]);
  expect(servers[1]?.data.callsSucceeded).toBeGreaterThanOrEqual(3);
});

test('`stop N` closes the connections of that listener only, `start N` takes the same address again', async () => {
  const [echo, other] = [echoClient(second), echoClient(first)];
  const [own, others] = [await unaryEcho(echo, 'one'), await unaryEcho(other, 'one')];
  const lost = new Promise((resolve) =>
    echo
      .getChannel()
      .watchConnectivityState(echo.getChannel().getConnectivityState(false), Infinity, resolve),
  );

  server.stdin.write('stop 2\n');
  expect(await stdout.next()).toBe(`stopped ${second}`);
  await lost;
  await expect(unaryEcho(echo, 'nobody there')).rejects.toThrow(/ECONNREFUSED/);
  expect(await unaryEcho(other, 'one')).toBe(others);

  server.stdin.write('start 2\n');
  expect(await stdout.next()).toBe(`started ${second}`);
  expect(await unaryEcho(echoClient(second), 'one')).toBe(own);
  expect(await statuses('')).toEqual(['SERVING', 'SERVING']);
});

test('a command that cannot be done is one line on stderr, and the process goes on', async () => {
  server.stdin.write('stop 3\nrestart 1\nstop\n');
  expect(await stderr.next()).toBe('echo-server: there is no listener 3, only 1 to 2');
  const known = 'there are: stop N, start N, health N, quit';
  expect(await stderr.next()).toBe(`echo-server: unknown command 'restart 1'; ${known}`);
  expect(await stderr.next()).toBe(`echo-server: unknown command 'stop'; ${known}`);

  server.stdin.write('start 1\n');
  expect(await stderr.next()).toBe(`echo-server: listener 1 (${first}) is started already`);

  // It drains as long as an RPC is in flight.
  const dialogue = echoClient(first).bidirectionalStreamingEcho();
  dialogue.write({ message: 'before' });
  await once(dialogue, 'data');
  server.stdin.write('stop 1\nstart 1\n');
  const drains = `listener 1 (${first}) still drains; stop 1 once more cuts off what it waits for`;
  expect(await stderr.next()).toBe(`echo-server: ${drains}`);
  dialogue.end();
  expect(await stdout.next()).toBe(`stopped ${first}`);
  server.stdin.write('start 1\n');
  expect(await stdout.next()).toBe(`started ${first}`);

  // Somebody else takes the address while the listener is stopped.
  server.stdin.write('stop 1\n');
  expect(await stdout.next()).toBe(`stopped ${first}`);
  const thief = launchServer(['--listen', first]);
  await thief.out.next();
  server.stdin.write('start 1\n');
  expect(await stderr.next()).toBe(
    `echo-server: cannot listen on ${first}: another process listens there (EADDRINUSE)`,
  );
  thief.kill('SIGKILL');
  await thief;
  server.stdin.write('start 1\n');
  expect(await stdout.next()).toBe(`started ${first}`);
});

test('`quit` drains and exits with 0', async () => {
  server.stdin.write('quit\n');
  expect((await server).exitCode).toBe(0);
});
