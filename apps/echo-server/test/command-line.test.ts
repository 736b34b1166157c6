/** The command line: what it accepts, and the one line about what it does not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issue } from '@petiole/test-kit/certificates';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { readCommandLine, type ServerOptions } from '../src/command-line.js';
import { startServer } from './server-process.js';

const folder = mkdtempSync(join(tmpdir(), 'echo-server-'));
const cert = join(folder, 'cert.pem');
const key = join(folder, 'key.pem');
const otherKey = join(folder, 'other-key.pem');

beforeAll(async () => {
  const [own, other] = await Promise.all([issue(['localhost']), issue(['localhost'])]);
  writeFileSync(cert, own.cert);
  writeFileSync(key, own.key);
  writeFileSync(otherKey, other.key);
});
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  for (const name of Object.keys(process.env))
    if (name.startsWith('ECHO_SERVER_')) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

function accepted(...args: readonly string[]): ServerOptions {
  return readCommandLine(['node', 'main.ts', ...args]);
}

/** The exit code and all output of a command line that ends the process. */
function ended(...args: readonly string[]): { code: unknown; output: string } {
  let output = '';
  const collect = (chunk: unknown): boolean => {
    output += chunk;
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(collect);
  vi.spyOn(process.stderr, 'write').mockImplementation(collect);
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Error(`exit ${code}`);
  });
  try {
    accepted(...args);
  } catch (error) {
    return { code: /^exit (\d)$/.exec((error as Error).message)?.[1], output };
  } finally {
    vi.restoreAllMocks();
  }
  throw new Error('it was accepted');
}

describe('what is accepted', () => {
  test('without arguments: the three servers of the example, no faults, five seconds of grace', () => {
    expect(accepted()).toEqual({
      addresses: ['127.0.0.1:50050', '[::1]:50051', '[::]:50052'],
      tls: undefined,
      delayMs: 0,
      errorRate: 0,
      graceMs: 5_000,
      quiet: false,
      json: false,
    });
  });

  test('--listen: every form of an address, repeated or separated by commas', () => {
    const args = [
      '--listen',
      '127.0.0.1:1',
      '-l',
      '[::1]:2, :3',
      '--listen',
      'unix:/tmp/a',
      '--listen',
      'unix:b',
    ];
    expect(accepted(...args).addresses).toEqual([
      '127.0.0.1:1',
      '[::1]:2',
      '[::]:3',
      'unix:/tmp/a',
      'unix:b',
    ]);
    expect(accepted('--listen', ':0,:0').addresses).toEqual(['[::]:0', '[::]:0']);
  });

  test('durations with a unit, and plain 0', () => {
    expect(accepted('--delay', '50ms', '--grace', '1.5s')).toMatchObject({ delayMs: 50, graceMs: 1_500 });
    expect(accepted('--delay', '0', '--grace', '2m')).toMatchObject({ delayMs: 0, graceMs: 120_000 });
  });

  test('each option has an environment variable; the command line wins; an empty variable is none', () => {
    vi.stubEnv('ECHO_SERVER_LISTEN', '127.0.0.1:0, [::1]:0');
    vi.stubEnv('ECHO_SERVER_ERROR_RATE', '0.5');
    vi.stubEnv('ECHO_SERVER_DELAY', '');
    vi.stubEnv('ECHO_SERVER_JSON', '1');
    vi.stubEnv('ECHO_SERVER_QUIET', '0');
    expect(accepted()).toMatchObject({
      addresses: ['127.0.0.1:0', '[::1]:0'],
      errorRate: 0.5,
      delayMs: 0,
      json: true,
      quiet: false,
    });
    expect(accepted('--listen', ':0').addresses).toEqual(['[::]:0']);
  });
});

describe('what is refused: exit 2, one line with option, value and what is allowed', () => {
  const ADDRESSES =
    /Allowed: 127\.0\.0\.1:50050, \[::1\]:50051, :50052 .* or unix:path; ports from 0 to 65535\.$/;
  const DURATION = /must be a duration with its unit, such as 50ms, 1\.5s or 2m/;
  const SHARE = /must be a number from 0 \(none fails\) to 1 \(all fail\)/;

  test.each([
    ['--listen', '127.0.0.1', ADDRESSES],
    ['--listen', '127.0.0.1:65536', ADDRESSES],
    ['--listen', '::1:50051', ADDRESSES],
    ['--listen', '[127.0.0.1]:50051', ADDRESSES],
    ['--listen', 'localhost:50051', ADDRESSES],
    ['--listen', 'unix:', ADDRESSES],
    ['--listen', ':1,', ADDRESSES],
    ['--listen', ':1,[::]:1', /\[::\]:1 is given twice/],
    ['--delay', 'soon', DURATION],
    ['--delay', '50', DURATION],
    ['--delay', '-1s', DURATION],
    ['--grace', '', DURATION],
    ['--grace', '30d', DURATION],
    ['--error-rate', '1.1', SHARE],
    ['--error-rate', '-0.1', SHARE],
    ['--error-rate', 'half', SHARE],
    ['--tls-cert', '/no/such/file', /cannot be read: ENOENT/],
    ['--tls-key', cert, /must hold a private key without a passphrase, in PEM form/],
    ['--tls-cert', key, /must hold a certificate, in PEM form/],
    ['--tls-client-ca', key, /must hold a certificate, in PEM form/],
  ])('%s %s', (option, value, allowed) => {
    const { code, output } = ended(`${option}=${value}`);
    expect(code).toBe('2');
    expect(output).toMatch(/^echo-server: [^\n]+\n$/);
    expect(output).toContain(option);
    expect(output).toContain(`'${value}'`);
    expect(output.trimEnd()).toMatch(allowed);
  });

  test.each([
    [['--tls-cert', cert], "option '--tls-cert <file>' needs '--tls-key'"],
    [['--tls-key', key], "option '--tls-key <file>' needs '--tls-cert'"],
    [['--tls-client-ca', cert], "option '--tls-client-ca <file>' needs '--tls-cert' and '--tls-key'"],
    [['--tls-cert', cert, '--tls-key', otherKey], "option '--tls-key <file>' is not the key of '--tls-cert'"],
    [['--lisen', ':0'], "unknown option '--lisen' (Did you mean --listen?)"],
    [['serve'], 'too many arguments. Expected 0 arguments but got 1.'],
    [['--quiet=yes'], "unknown option '--quiet=yes'"],
  ])('%j', (args, message) => {
    const { code, output } = ended(...args);
    expect([code, output.replace(/^echo-server: /, '').trimEnd()]).toEqual(['2', message]);
  });

  test('a variable is named where the value comes from one', () => {
    vi.stubEnv('ECHO_SERVER_GRACE', 'long');
    const { code, output } = ended();
    expect(code).toBe('2');
    expect(output).toMatch(
      /^echo-server: option '--grace <duration>' value 'long' from env 'ECHO_SERVER_GRACE'/,
    );
  });

  test('by the process itself: nothing on stdout, and it has not listened', async () => {
    const { exitCode, stdout, stderr } = await startServer(['--listen', '127.0.0.1:0', '--delay', 'soon']);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^echo-server: option '--delay <duration>' argument 'soon' is invalid\. [^\n]+$/);
  });
});

describe('what teaches', () => {
  test('--help: each option with its variable, the keys, the commands, examples; exit 0', () => {
    const { code, output } = ended('--help');
    expect(code).toBe('0');
    for (const option of [
      'listen',
      'tls-cert',
      'tls-key',
      'tls-client-ca',
      'delay',
      'error-rate',
      'grace',
      'quiet',
      'json',
    ]) {
      expect(output).toContain(`--${option}`);
      expect(output.replace(/\s+/g, ' ')).toContain(
        `env: ECHO_SERVER_${option.toUpperCase().replaceAll('-', '_')})`,
      );
    }
    expect(output).toContain('Keys, in a terminal:');
    expect(output).toContain('as lines on stdin: stop 2, start 2, health 2, quit');
    expect(output).toContain('Examples:');
  });

  test('--version: its own, that of grpc-js and of Node.js', () => {
    const { code, output } = ended('--version');
    expect([code, output]).toEqual([
      '0',
      expect.stringMatching(
        /^echo-server \d+\.\d+\.\d+ \(@grpc\/grpc-js 1\.\d+\.\d+, Node\.js v\d+\.\d+\.\d+\)\n$/,
      ),
    ]);
  });
});
