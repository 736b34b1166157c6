/** `node --import @petiole/resolver/register-dns`: programs that know nothing of this package get what it gives. */
import { node, start } from '@petiole/test-kit/processes/program';
import { startBackend } from '@petiole/test-kit/servers';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DnsServer } from './support/dns-server.js';

/** The preload stands before the program, and after what lets Node.js run sources. */
function command(args: readonly string[], preloads: readonly string[] = ['../src/register-dns.ts']) {
  const [program = '', ...rest] = node('test/support/plain-client.ts', ...args);
  const imports = preloads.flatMap((preload) => ['--import', new URL(preload, import.meta.url).href]);
  return [program, ...rest.slice(0, 3), ...imports, ...rest.slice(3)];
}

/** Two servers behind one name. grpc-js asks the DNS server of a target when it is told to. */
async function twoServers() {
  const { port } = await startBackend({ name: 'one', host: '127.0.0.1' });
  await startBackend({ name: 'two', host: '127.0.0.2', port });
  const dns = await DnsServer.start();
  dns.setHost('echo.test', ['127.0.0.1', '127.0.0.2']);
  return { dns, target: `dns://${dns.address}/echo.test:${port}` };
}

const ASKS = { GRPC_NODE_USE_ALTERNATIVE_RESOLVER: 'true' };

describe('a program under --import register-dns', () => {
  it('reaches all servers of a name by the policy of the environment, and one without it', async () => {
    const { dns, target } = await twoServers();
    const config = '{"loadBalancingConfig":[{"round_robin":{}}]}';
    const [byName, byConfig, without] = await Promise.all([
      start(command([target, 'one', 'two']), { env: { ...ASKS, PETIOLE_DNS_SERVICE_CONFIG: 'round_robin' } }),
      start(command([target, 'one', 'two']), { env: { ...ASKS, PETIOLE_DNS_SERVICE_CONFIG: config } }),
      start(command([target], []), { env: ASKS }),
    ]);
    expect([byName.stdout, byConfig.stdout]).toEqual(['one two', 'one two']);
    expect(without.stdout).toBe('one');
    // Both resolvers ask the DNS server of the target, for the service config at the name itself (facts R25 and R26).
    expect(dns.count('A echo.test')).toBeGreaterThanOrEqual(3);
    expect(dns.count('TXT echo.test')).toBeGreaterThanOrEqual(3);
    expect(dns.count('TXT _grpc_config.echo.test')).toBe(0);
  });

  it('finds a server that is added', async () => {
    const { dns, target } = await twoServers();
    dns.setHost('echo.test', ['127.0.0.1']);
    const env = { ...ASKS, PETIOLE_DNS_SERVICE_CONFIG: 'round_robin', PETIOLE_DNS_REFRESH_INTERVAL: '100' };
    const program = start(command([target, 'two']), { env });
    await dns.asked('A echo.test');
    dns.setHost('echo.test', ['127.0.0.1', '127.0.0.2']);
    expect((await program).stdout).toContain('two');
  });

  it('uses one family where the environment says so', async () => {
    const { dns, target } = await twoServers();
    const env = { ...ASKS, PETIOLE_DNS_FAMILIES: 'ipv4' };
    expect((await start(command([target, 'one']), { env })).stdout).toBe('one');
    expect(dns.count('AAAA echo.test')).toBe(0);
  });

  it('does not start where the policy is one that nobody has registered', async () => {
    const env = { PETIOLE_DNS_SERVICE_CONFIG: 'least_request' };
    const { exitCode, stderr, stdout } = await start(command(['localhost:1']), { env });
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Error: @petiole/resolver/register-dns: PETIOLE_DNS_SERVICE_CONFIG: ');
  });

  it('does not mind variables that are empty', async () => {
    const { port } = await startBackend({ name: 'one' });
    const env = { PETIOLE_DNS_FAMILIES: '', PETIOLE_DNS_SERVICE_CONFIG: ' ' };
    expect((await start(command([`127.0.0.1:${port}`, 'one']), { env })).stdout).toBe('one');
  });
});

describe('register-dns', () => {
  it.each([
    [
      'PETIOLE_DNS_REFRESH_INTERVAL',
      '10s',
      'refreshInterval must be from 100 to 86400000 ms, or Infinity, got "10s"',
    ],
    ['PETIOLE_DNS_DEADLINE', '0', 'deadline must be from 10 to 600000 ms, got 0'],
    ['PETIOLE_DNS_MAX_ENDPOINTS', '-1', 'maxEndpoints must be an integer from 1 to 1000000, got "-1"'],
    ['PETIOLE_DNS_FAMILIES', 'v4', `families must be 'both', 'ipv6' or 'ipv4', got "v4"`],
    [
      'PETIOLE_DNS_SERVICE_CONFIG',
      'least_request',
      'least_request is not registered with grpc-js: call register() of the policy first; an --import before this one is to register it, as @petiole/balancer/register does',
    ],
    ['PETIOLE_DNS_SERVICE_CONFIG', '{"loadBalancingConfig":', 'service config'],
  ])('refuses %s=%s, and says why', async (variable, value, message) => {
    vi.stubEnv(variable, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.resetModules();
    const refusal = expect(import('../src/register-dns.js')).rejects;
    await refusal.toThrow(`@petiole/resolver/register-dns: ${variable}: `);
    await refusal.toThrow(message);
  });
});
