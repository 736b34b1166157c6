/** What cannot be is refused in one line that names option, value and what is allowed, with exit code 2. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { client } from '../support/client-process.js';
import { command } from '../support/command-in-process.js';

afterEach(() => vi.unstubAllEnvs());

async function refusal(args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await command(args);
  expect([exitCode, stdout]).toEqual([2, '']);
  return stderr;
}

const TIME = 'Allowed is a time of';
const WHOLE = 'Allowed is a whole number from';
const ADDRESS = 'Allowed is HOST:PORT, [IPV6]:PORT or :PORT';
const POLICIES =
  'custom_round_robin, least_request, peak_ewma, static_weighted_round_robin, priority_first, zone_first, random_subsetting, request_limit, round_robin, pick_first';

describe('a bad value', () => {
  test.each([
    [['--repeat-count', '0'], WHOLE],
    [['--repeat-count', '4294967296'], '1 to 4294967295'],
    [['--iterations', '1.5'], WHOLE],
    [['--iterations', '-1'], WHOLE],
    [['--timeout', '0'], TIME],
    [['--timeout', 'soon'], TIME],
    [['--policy', 'random'], POLICIES],
    [['--ready-timeout', '5h'], TIME],
    [['--target', ''], 'allowed is a gRPC target'],
    [['--target', 'static:[::1'], 'lacks the closing "]"'],
    [['--target', 'srv:'], 'nothing after "srv:"'],
    [['--target', 'Static:[::1]:1'], 'in small letters'],
    [['--tls-ca', '/no/such/file'], 'allowed is a readable PEM file'],
    [['--tls-ca', import.meta.filename], 'allowed is a readable PEM file'],
    [['--admin', '50053'], ADDRESS],
    [['--admin', '127.0.0.1:65536'], ADDRESS],
    [['watch', '--rate', '0'], 'Allowed is a number above 0'],
    [['watch', '--rate', 'fast'], 'Allowed is a number above 0'],
    [['watch', '--concurrency', '0'], WHOLE],
    [['watch', '--rpc-timeout', '0ms'], TIME],
    [['watch', '--duration', '-1'], TIME],
    [['bench', '--policy', 'round_robin,random'], POLICIES],
    [['bench', '--count', '0'], WHOLE],
    [['bench', '--duration', ''], TIME],
    [['bench', '--timeout', 'x'], TIME],
  ])('%j', async (args, allowed) => {
    const line = await refusal(args);
    const [name = '', value = ''] = args.slice(-2);
    expect(line).toMatch(/^echo-client: [^\n]+$/);
    expect(line).toContain(`option '${name}`);
    expect(line).toContain(`'${value}'`);
    expect(line).toContain(allowed);
  });

  test('of a variable of the environment: the variable is named', async () => {
    vi.stubEnv('ECHO_CLIENT_TIMEOUT', 'soon');
    expect(await refusal([])).toContain("value 'soon' from env 'ECHO_CLIENT_TIMEOUT'");
  });
});

describe('what does not go together', () => {
  test.each([
    [['--tls-key', 'key.pem'], "option '--tls-key' needs '--tls-cert'"],
    [['--tls-cert', 'cert.pem'], "option '--tls-cert' needs '--tls-key'"],
    [
      ['--policy', 'round_robin', '--health-service', ''],
      'only custom_round_robin, least_request, peak_ewma, static_weighted_round_robin, priority_first, zone_first, random_subsetting and request_limit check health',
    ],
    [['watch', '--policy', 'pick_first', '--ready-timeout', '1'], 'only custom_round_robin waits'],
    [['bench', '--policy', 'all', '--health-service', 'echo'], "with policy 'round_robin'"],
    [['wach'], "unknown argument 'wach': allowed are the commands verify, watch and bench"],
    [['watch', 'now'], "unknown argument 'now'"],
    [['--rates', '3'], "unknown option '--rates'; the commands are verify, watch and bench"],
  ])('%j', async (args, message) => {
    const line = await refusal(args);
    expect(line).toMatch(/^echo-client: [^\n]+$/);
    expect(line).toContain(message);
  });
});

describe('the process', () => {
  test('a bad value: exit code 2, nothing on stdout; an empty variable is none', async () => {
    const refused = await client(['watch', '--rate', '0'], { ECHO_CLIENT_TIMEOUT: '' });
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toBe(
      "echo-client: option '--rate <n>' argument '0' is invalid. Allowed is a number above 0, at most 1000000.",
    );
  });

  test('--help teaches with examples, of each command too; --version tells that of grpc-js', async () => {
    const [program, verify, version] = await Promise.all([
      client(['--help']),
      client(['verify', '--help']),
      client(['--version']),
    ]);
    expect(program).toMatchObject({ exitCode: 0, stderr: '' });
    expect(program.stdout).toMatch(/verify \[options\][\s\S]*watch \[options\][\s\S]*bench \[options\]/);
    expect(program.stdout).toMatch(/Examples:\n {2}echo-client /);
    expect(verify.stdout).toMatch(/--timeout <time> .*\(default:\s+10s\)/);
    expect(verify.stdout).toContain('What is promised:');
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+ \(grpc-js 1\.\d+\.\d+, Node\.js \d+\./);
  });
});
