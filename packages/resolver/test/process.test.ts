import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DnsServer } from './dns-server.js';
import { startServer } from './whoami.js';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** Milliseconds from its first line to its end. */
  readonly lingered: number;
}

const APP = fileURLToPath(new URL('child-app.ts', import.meta.url));

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', APP, ...args], {
    env: { ...process.env, ...env },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let out = '';
  let err = '';
  let answered = 0;
  child.stdout.on('data', (chunk) => {
    answered ||= performance.now();
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) => {
    child.on('close', (code) =>
      resolve({ code, out: out.trim(), err, lingered: performance.now() - answered }),
    );
  });
}

async function echo(): Promise<{ port: number; dns: DnsServer }> {
  const { port } = await startServer('a');
  const dns = await DnsServer.start();
  dns.setHost('echo.test', ['127.0.0.1']);
  dns.setSrv('_grpc._tcp.echo.test', [{ target: 'echo.test', port }]);
  return { port, dns };
}

describe('a process', () => {
  it('ends by itself with channels open and periodic refreshes due', async () => {
    const { port, dns } = await echo();
    const runs = await Promise.all([
      run([`static:localhost:${port}`]),
      run([`srv://${dns.address}/_grpc._tcp.echo.test`]),
      run([`dns+refresh://${dns.address}/echo.test:${port}`]),
    ]);
    for (const { out, code, lingered } of runs) {
      expect([out, code]).toEqual(['a', 0]);
      expect(lingered).toBeLessThan(5000);
    }
  });

  it('is held by a query in flight no longer than the deadline of the resolution, and not at all after close', async () => {
    const silent = createSocket('udp4');
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      silent.close();
    });
    const target = `srv://127.0.0.1:${silent.address().port}/_grpc._tcp.echo.test`;
    const runs = await Promise.all([run([target, '1500', '100']), run([target, '600000', '100', 'close'])]);
    for (const { out, code, lingered } of runs) {
      expect(out).toContain('4 Deadline exceeded');
      expect(code).toBe(0);
      expect(lingered).toBeLessThan(8000); // c-ares by itself: about 25 s, and with such a deadline minutes
    }
  });

  it('is held by the query for a service config no longer than that, and not at all after close', async () => {
    const { port, dns } = await echo();
    dns.set('TXT', '_grpc_config.echo.test', 'silence');
    const target = `dns+refresh://${dns.address}/echo.test:${port}`;
    const runs = await Promise.all([run([target, '1500']), run([target, '600000', '15000', 'close'])]);
    for (const { out, code, lingered } of runs) {
      expect([out, code]).toEqual(['a', 0]);
      expect(lingered).toBeLessThan(8000);
    }
  });

  it('traces every decision of the resolvers that GRPC_TRACE names, and nothing otherwise', async () => {
    const { port, dns } = await echo();
    const target = `srv://${dns.address}/_grpc._tcp.echo.test`;
    const [traced, silent, constant] = await Promise.all([
      run([target, '5000', '15000', '', '300'], { GRPC_TRACE: 'srv_resolver', GRPC_VERBOSITY: 'DEBUG' }),
      run([target], { GRPC_TRACE: 'static_resolver', GRPC_VERBOSITY: 'DEBUG' }),
      run([`static:127.0.0.1:${port}`], { GRPC_TRACE: 'all,-srv_resolver', GRPC_VERBOSITY: 'DEBUG' }),
    ]);
    expect(traced.err).toMatch(/\| srv_resolver \| srv:.* first resolution: resolution starts/);
    expect(traced.err).toMatch(/\| srv_resolver \| srv:.* first resolution: 1 endpoints/);
    expect(traced.err).toMatch(/\| srv_resolver \| srv:.* priority 0: 1 endpoints/);
    expect(traced.err).toMatch(/\| srv_resolver \| srv:.* periodic refresh: nothing new/);
    expect(silent.err).not.toContain('srv_resolver');
    expect(constant.err).toMatch(/\| static_resolver \| static:.* first resolution: 1 endpoints/);
  });
});
