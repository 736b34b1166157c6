import { setTimeout as pause } from 'node:timers/promises';
import { node, type Program, start } from '@petiole/test-kit/processes/program';
import { startBackend } from '@petiole/test-kit/servers';
import { describe, expect, it } from 'vitest';
import { DnsServer } from './support/dns-server.js';

interface Ended {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
  /** Milliseconds from its first line to its end. */
  readonly lingered: number;
}

const begin = (args: readonly string[], env: Record<string, string> = {}): Program =>
  start(node('test/support/child-app.ts', ...args), { env });

async function endOf(program: Program): Promise<Ended> {
  await program.out.line(/^/);
  const answered = performance.now();
  const { exitCode: code, stdout: out, stderr: err } = await program;
  return { code, out, err, lingered: performance.now() - answered };
}

const run = (...how: Parameters<typeof begin>): Promise<Ended> => endOf(begin(...how));

async function echo(): Promise<{ port: number; dns: DnsServer }> {
  const { port } = await startBackend({ name: 'a' });
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

  // The deadline of a resolution is ten minutes where nothing may wait for it.
  const NO_DEADLINE = '600000';

  it('is held by a query that nobody answers no longer than the deadline, and not at all after close', async () => {
    const { port, dns } = await echo();
    dns.set('SRV', '_grpc._tcp.echo.test', 'silence');
    dns.set('TXT', '_grpc_config.echo.test', 'silence');
    const runs = await Promise.all([
      run([`srv://${dns.address}/_grpc._tcp.echo.test`, '1500', 'connect 100']),
      run([`dns+refresh://${dns.address}/echo.test:${port}`, '1500']),
      run([`dns+refresh://${dns.address}/echo.test:${port}`, NO_DEADLINE, '15000', 'close']),
    ]);
    expect(runs.map(({ out, code }) => [out, code])).toEqual([
      ['not ready', 0],
      ['a', 0],
      ['a', 0],
    ]);
    for (const { lingered } of runs) expect(lingered).toBeLessThan(8000);
  });

  it('is held by an RPC that waits for the resolution no longer than its deadline, and not at all after close', async () => {
    const dns = await DnsServer.start();
    dns.set('SRV', '_grpc._tcp.echo.test', 'silence');
    const target = `srv://${dns.address}/_grpc._tcp.echo.test`;
    const runs = await Promise.all([run([target, '500', '100']), run([target, NO_DEADLINE, '100', 'close'])]);
    for (const { out, code, lingered } of runs) {
      expect(out).toContain('4 Deadline exceeded');
      expect(code).toBe(0);
      expect(lingered).toBeLessThan(8000);
    }
  });

  it('that is frozen in a look-up for longer than its deadline, as by docker pause, uses the answer that came meanwhile', async () => {
    const deadline = 1500;
    const [first, second] = [await echo(), await echo()];
    const runs = [
      { dns: first.dns, path: '_grpc._tcp.echo.test', scheme: 'srv', question: 'SRV _grpc._tcp.echo.test' },
      { dns: second.dns, path: `echo.test:${second.port}`, scheme: 'dns+refresh', question: 'A echo.test' },
    ].map(async ({ dns, path, scheme, question }) => {
      dns.delay(question, 100);
      const child = begin([`${scheme}://${dns.address}/${path}`, String(deadline)]);
      await dns.asked(question);
      child.kill('SIGSTOP');
      await pause(deadline + 500);
      child.kill('SIGCONT');
      return endOf(child);
    });
    for (const { out, code } of await Promise.all(runs)) expect([out, code]).toEqual(['a', 0]);
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
