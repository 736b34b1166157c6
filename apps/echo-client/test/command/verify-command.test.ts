/** `verify` beyond the reference run: other targets, policies and outputs, and every way in which it ends. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { type EchoHandlers, EchoService } from '@petiole/echo-proto';
import { Backend } from '@petiole/test-kit/backend';
import { issue, serving } from '@petiole/test-kit/certificates';
import { describe, test, vi } from 'vitest';
import { client } from '../support/client-process.js';
import { command } from '../support/command-in-process.js';
import { EchoListener } from '../support/echo-listener.js';
import { fleet } from '../support/fleet.js';
import { silentPeer } from '../support/silent-peer.js';

vi.setConfig({ testTimeout: 60_000 });

/** Every line must be a JSON object. */
function jsonLines(stdout: string): Record<string, unknown>[] {
  return stdout.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('--json', () => {
  test('one object for each RPC, in the order of the rotation, and a summary', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, names, listeners } = await fleet(onTestFinished);
    const run = await client(['--json', '--target', target, '--repeat-count', '2', '--message', 'hello']);

    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const lines = jsonLines(run.stdout);
    const rpcs = lines.slice(0, -1);
    const [a, b, c] = names;
    const rotation = [a, a, b, b, c, c];
    expect(rpcs.map(({ endpoint }) => endpoint)).toEqual([...rotation, ...rotation, ...rotation]);
    expect(rpcs[0]).toEqual({
      type: 'rpc',
      number: 1,
      status: 'OK',
      peer: listeners[0].address,
      endpoint: a,
      message: `hello (from ${listeners[0].address})`,
      latencyMs: expect.any(Number),
    });
    expect(lines.at(-1)).toEqual({
      type: 'summary',
      verdict: 'kept',
      policy: 'custom_round_robin',
      target,
      rpcs: { planned: 18, answered: 18 },
      shares: names.map((endpoint) => ({ endpoint, rpcs: 6, share: 1 / 3 })),
    });
  });

  test('a broken promise is in the summary and on stderr: the server that never came', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, names, listeners } = await fleet(onTestFinished);
    listeners[1].stop();
    const run = await command(['--json', '--target', target, '--timeout', '1s']);

    expect(run.exitCode).toBe(1);
    const [summary, ...others] = jsonLines(run.stdout);
    expect(others).toEqual([]);
    expect(summary).toMatchObject({ verdict: 'broken', rpcs: { planned: 27, answered: 0 } });
    expect(run.stderr).toContain('echo-client: no success within 1 s: 0 of 27 RPCs were answered');
    expect(run.stderr).toMatch(
      new RegExp(`never came: endpoint ${names[1].replace(/[[\]+.]/g, '\\$&')}: .*ECONNREFUSED`),
    );
  });
});

describe('a target and a policy', () => {
  test('--ready-timeout: the rotation does without a server that is not there', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, listeners } = await fleet(onTestFinished);
    listeners[0].stop();
    const run = await command(['--target', target, '--ready-timeout', '1s', '--iterations', '2']);

    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const lines = run.stdout.split('\n');
    expect(lines).toHaveLength(13);
    expect(lines.at(-1)).toBe('Successful multiple iterations of 1:1 ratio');
  });

  test('pick_first keeps to one peer, and says so', async ({ expect, onTestFinished }) => {
    const { target, names } = await fleet(onTestFinished);
    const run = await command(['--target', target, '--policy', 'pick_first', '--iterations', '1']);

    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout.split('\n').slice(-4)).toEqual([
      '9 of 9 RPCs were answered under pick_first. Shares:',
      `  100.0 %  9  ${names[0]}`,
      `    0.0 %  0  ${names[1]}`,
      `    0.0 %  0  ${names[2]}`,
    ]);
  });

  test('round_robin reports the shares; the options may come from the environment', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, names } = await fleet(onTestFinished);
    const run = await command([], { ECHO_CLIENT_TARGET: target, ECHO_CLIENT_POLICY: 'round_robin' });

    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const [title, ...shares] = run.stdout.split('\n').slice(-4);
    expect(title).toBe('27 of 27 RPCs were answered under round_robin. Shares:');
    expect(shares).toEqual(names.map((name) => `   33.3 %  9  ${name}`));
  });

  test('--health-service: an endpoint that is not healthy gets nothing', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, names, listeners } = await fleet(onTestFinished);
    listeners[2].healthy(false);
    const args = ['--json', '--target', target, '--policy', 'least_request', '--health-service'];
    const byService = await command([...args, 'echo']);
    const byServer = await command([...args, '']);

    const answers = (stdout: string): unknown[] => jsonLines(stdout).map(({ endpoint }) => endpoint);
    expect([byService.exitCode, byServer.exitCode]).toEqual([0, 0]);
    expect(answers(byService.stdout)).toContain(names[1]);
    expect(answers(byService.stdout)).not.toContain(names[2]);
    expect(answers(byServer.stdout)).toContain(names[2]);
  });

  test('without a flag the health of the server as a whole is checked, with --no-health-service none', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, names, listeners } = await fleet(onTestFinished);
    listeners[2].healthy(false, '');
    const args = ['--json', '--target', target, '--policy', 'least_request'];
    const checked = await command(args);
    const unchecked = await command([...args, '--no-health-service']);
    const uncheckedByVariable = await command(args, { ECHO_CLIENT_NO_HEALTH_SERVICE: '1' });

    const answers = (stdout: string): unknown[] => jsonLines(stdout).map(({ endpoint }) => endpoint);
    expect(answers(checked.stdout)).not.toContain(names[2]);
    expect(answers(unchecked.stdout)).toContain(names[2]);
    expect(answers(uncheckedByVariable.stdout)).toContain(names[2]);
  });

  test('a name that does not exist: the resolver’s error, exit 1', async ({ expect }) => {
    // A label is 63 characters at most: the system knows that without asking a name server, which might take its time.
    const target = `dns:///${'x'.repeat(64)}.invalid:1`;
    const run = await command(['--target', target, '--timeout', '1s']);
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toContain(`no RPC was answered: Name resolution failed for target ${target}`);
  });

  test('a proxy in the environment is ignored, unless --http-proxy says otherwise', async ({
    expect,
    onTestFinished,
  }) => {
    const { listeners } = await fleet(onTestFinished);
    const proxy = createServer((socket) =>
      socket.on('error', () => {}).end('HTTP/1.1 403 Forbidden\r\n\r\n'),
    ).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    onTestFinished(() => void proxy.close());
    const address = proxy.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const environment = { http_proxy: `http://127.0.0.1:${port}`, no_proxy: '', no_grpc_proxy: '' };
    const args = ['--target', `dns:///${listeners[0].address}`, '--timeout'];
    const ignored = await command([...args, '20s'], environment);
    // In a process of its own: grpc-js connects once more, and logs it, after its channel was closed in a back-off.
    const obeyed = await client([...args, '1s', '--http-proxy'], environment);
    expect(ignored.exitCode).toBe(0);
    expect(obeyed.exitCode).toBe(1);
  });
});

describe('TLS', () => {
  test('the server’s name and the client’s certificate are verified', async ({ expect, onTestFinished }) => {
    const ca = await issue(['Petiole test CA']);
    const [server, own] = await Promise.all([issue(['echo.test'], ca), issue(['client.test'], ca)]);
    const folder = mkdtempSync(join(tmpdir(), 'echo-client-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const listener = await EchoListener.on('127.0.0.1', { credentials: serving(server, ca) });
    onTestFinished(() => listener.stop());

    const args = ['--target', `static:${listener.address}`, '--tls-ca', file('ca.pem', ca.cert)];
    args.push('--tls-cert', file('cert.pem', own.cert), '--tls-key', file('key.pem', own.key));
    const right = await command([...args, '--tls-server-name', 'echo.test']);
    const wrong = await command([...args, '--timeout', '1.5s']);
    expect(right).toMatchObject({ exitCode: 0, stderr: '' });
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).toContain("Hostname/IP does not match certificate's altnames");
  });
});

describe.concurrent('the end', () => {
  test('Ctrl-C: a summary of what was seen, exit code 130, no stack trace', async ({
    expect,
    onTestFinished,
  }) => {
    const { target } = await fleet(onTestFinished);
    const run = client(['--target', target, '--iterations', '100000', '--timeout', '60s']);
    await run.out.line(/^Response from peer/);
    run.kill('SIGINT');
    const { exitCode, stdout, stderr } = await run;

    expect([exitCode, stderr]).toEqual([130, '']);
    expect(stdout.split('\n').at(-1)).toMatch(/^Interrupted after \d+ of 900000 RPCs: .*in total/);
  });

  test('Ctrl-C while it waits for servers: the same, and in JSON', async ({ expect }) => {
    const run = client(['--json', '--target', 'static:127.0.0.1:1'], {
      GRPC_TRACE: 'subchannel',
      GRPC_VERBOSITY: 'DEBUG',
    });
    await run.err.line(/ECONNREFUSED/);
    run.kill('SIGINT');
    const { exitCode, stdout } = await run;

    expect(exitCode).toBe(130);
    expect(jsonLines(stdout)).toMatchObject([
      { type: 'summary', verdict: 'interrupted', rpcs: { answered: 0 } },
    ]);
  });

  test('stdout closed by its reader, as by head -1: quietly, although RPCs were to come', async ({
    expect,
    onTestFinished,
  }) => {
    const { target } = await fleet(onTestFinished);
    const run = client(['--target', target, '--iterations', '100000', '--timeout', '60s']);
    await run.out.line(/^Response from peer/);
    run.stdout.destroy();
    const { exitCode, stderr } = await run;

    expect([exitCode, stderr]).toEqual([0, '']);
  });
});

test('a silent peer: the process ends at its timeout, not when the system gives the connection attempt up', async ({
  expect,
  onTestFinished,
}) => {
  const target = `static:${await silentPeer(onTestFinished)}`;
  const run = await client(['--target', target, '--timeout', '1s']);
  expect(run).toMatchObject({ exitCode: 1, stdout: '' });
  expect(run.stderr).toContain('no success within 1 s: 0 of 9 RPCs were answered');
});

test('--admin: channelz, reflection and health for whoever asks', async ({ expect, onTestFinished }) => {
  const { target } = await fleet(onTestFinished);
  const run = client([
    '--target',
    target,
    '--iterations',
    '100000',
    '--timeout',
    '60s',
    '--admin',
    '127.0.0.1:0',
  ]);
  const line = await run.err.line(/^echo-client: admin services on 127\.0\.0\.1:[1-9]/);
  await run.out.line(/^Response from peer/);
  const admin = new Client(line.split(' ').at(-1) ?? '', credentials.createInsecure());
  onTestFinished(() => admin.close());

  /** The bytes of the answer to a request. Texts stand in them as they are. */
  const ask = (method: string, ...request: number[]): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const same = (bytes: Buffer): Buffer => bytes;
      const call = admin.makeBidiStreamRequest(method, same, same);
      call.on('data', resolve).on('error', reject);
      call.write(Buffer.from(request));
      call.end();
    });
  expect((await ask('/grpc.channelz.v1.Channelz/GetTopChannels')).toString()).toContain(target);
  // A HealthCheckResponse of SERVING.
  expect([...(await ask('/grpc.health.v1.Health/Check'))]).toEqual([8, 1]);
  const LIST_SERVICES = [0x3a, 0];
  for (const version of ['v1', 'v1alpha']) {
    const method = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const services = (await ask(method, ...LIST_SERVICES)).toString().match(/grpc\.[\w.]+/g);
    expect(services?.sort()).toEqual([
      'grpc.channelz.v1.Channelz',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ]);
  }
  run.kill('SIGINT');
  expect((await run).exitCode).toBe(130);
});

test('--admin where somebody listens already: exit 2, and the address is named', async ({
  expect,
  onTestFinished,
}) => {
  const { listeners, target } = await fleet(onTestFinished);
  const run = await command(['--target', target, '--admin', listeners[0].address]);
  expect(run).toMatchObject({ exitCode: 2, stdout: '' });
  expect(run.stderr).toMatch(
    new RegExp(`^echo-client: option '--admin' value '${listeners[0].address}': .*EADDRINUSE[^\\n]*$`),
  );
});

describe('what a server says', () => {
  const FORGED = 'ill\nE root logged in\u001b[2K\u009b31m';
  const SHOWN = 'ill E root logged in\\x1b[2K\\x9b31m';

  /** Answers the first RPC with that text, and fails the others with it. */
  async function hostileServer(onTestFinished: (stop: () => void) => void): Promise<string> {
    let rpcs = 0;
    const UnaryEcho: EchoHandlers['UnaryEcho'] = (call, respond) => {
      rpcs += 1;
      if (rpcs === 1) respond(null, { message: `${call.request.message}${FORGED}` });
      else respond({ code: 9, details: FORGED });
    };
    const backend = await Backend.start({
      services: (server) => server.addService(EchoService, { UnaryEcho }),
    });
    onTestFinished(() => backend.kill());
    return `static:${backend.peer}`;
  }

  test('reaches the terminal in one line and without escape codes', async ({ expect, onTestFinished }) => {
    const target = await hostileServer(onTestFinished);
    const { stdout, stderr } = await command(['--target', target, '--message', 'hello ']);
    expect(stdout).toContain(`message:"hello ${SHOWN}"`);
    expect(stderr).toContain(`RPC 2 of 9 failed: 9 FAILED_PRECONDITION: ${SHOWN}\n`);
  });

  test('is in the JSON whole, and its escape codes are escaped', async ({ expect, onTestFinished }) => {
    const target = await hostileServer(onTestFinished);
    const { stdout } = await command(['--json', '--target', target, '--message', 'hello ']);
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(jsonLines(stdout)[0]).toMatchObject({ message: `hello ${FORGED}` });
  });
});
