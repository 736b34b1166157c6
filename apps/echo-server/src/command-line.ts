/**
 * The command line: options, their environment variables, and `--help`. What
 * it does not accept is one line on stderr that names the option, the value
 * and what is allowed, and exit code 2.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Command, InvalidArgumentError, Option } from 'commander';
import ms from 'ms';
import { ADDRESS_FORMS, DEFAULT_ADDRESSES, parseListenAddress, takesFreePort } from './listen-address.js';
import { isKeyOf, readCertificate, readPrivateKey, type TlsFiles } from './tls-files.js';

export interface ServerOptions {
  /** In the form of {@link parseListenAddress}. */
  readonly addresses: readonly string[];
  readonly tls: TlsFiles | undefined;
  /** How long each RPC waits before it is handled, in milliseconds. */
  readonly delayMs: number;
  /** The share of RPCs that fail with UNAVAILABLE, 0 to 1. */
  readonly errorRate: number;
  /** How long RPCs in flight may take to finish once a stop was requested, in milliseconds. */
  readonly graceMs: number;
  readonly quiet: boolean;
  readonly json: boolean;
}

const MANUAL = `
Addresses:
  127.0.0.1:50050   IPv4 only        :50052     every address of the machine, as [::]:50052
  [::1]:50051       IPv6 only        unix:path  a Unix domain socket
  Port 0 takes a free port; the line "serving on ..." tells which.

Keys, in a terminal:
  1 2 3   stop or start that listener; once more while it drains cuts its RPCs off
  h 2     flip the health of listener 2 between SERVING and NOT_SERVING
  q       quit, as Ctrl-C does

Without a terminal, as lines on stdin: stop 2, start 2, health 2, quit
  SIGTERM, SIGINT  drain and exit with 0; a second one does not wait for RPCs in flight
  SIGUSR2          flip the health of every listener

Every listener offers grpc.examples.echo.Echo, health checking (grpc.health.v1), reflection and channelz.

Examples:
  echo-server
      the three servers of grpc-go's customloadbalancing example
  echo-server --listen 127.0.0.1:0 --listen '[::1]:0'
      two servers on free ports
  echo-server --delay 50ms --error-rate 0.1
      slow servers of which one RPC in ten fails
  echo-server --json | grep '"rpc"'
      one line of JSON for each RPC
  (sleep 10; echo stop 2; sleep 10; echo start 2) | echo-server
      the second server is away for ten seconds
  grpcurl -plaintext -d '{"message": "hello"}' 127.0.0.1:50050 grpc.examples.echo.Echo/UnaryEcho
      ask one of them, from another terminal

Exit codes: 0 stopped as asked, 1 an address cannot be listened on, 2 wrong usage.`;

/** setTimeout's largest delay. */
const LONGEST_MS = 2 ** 31 - 1;
const DURATION = 'It must be a duration with its unit, such as 50ms, 1.5s or 2m, at most 24 days.';

/** Reads arguments and environment; ends the process for `--help`, `--version` and wrong usage. */
export function readCommandLine(argv: readonly string[]): ServerOptions {
  ignoreUnsetVariables(process.env);
  const program = new Command('echo-server')
    .description('Echo servers to try client-side load balancing on, three of them by default.')
    .version(versions(), '-V, --version', 'show the versions of this server, of grpc-js and of Node.js')
    .addOption(
      option(
        '-l, --listen <address>',
        `listen there; repeat it, or separate with commas (default: ${DEFAULT_ADDRESSES.join(',')})`,
      ).argParser(collectAddresses),
    )
    .addOption(
      option('--tls-cert <file>', 'serve TLS with this certificate (PEM)').argParser(pem(readCertificate)),
    )
    .addOption(
      option('--tls-key <file>', 'the private key of the certificate (PEM)').argParser(pem(readPrivateKey)),
    )
    .addOption(
      option(
        '--tls-client-ca <file>',
        'refuse clients without a certificate of this authority (PEM)',
      ).argParser(pem(readCertificate)),
    )
    .addOption(
      option('--delay <duration>', 'wait before handling each RPC').argParser(duration).default(0, '0'),
    )
    .addOption(
      option('--error-rate <share>', 'let this share of RPCs fail with UNAVAILABLE, 0 to 1')
        .argParser(share)
        .default(0),
    )
    .addOption(
      option('--grace <duration>', 'how long RPCs in flight may take when a server stops')
        .argParser(duration)
        .default(5_000, '5s'),
    )
    .addOption(option('-q, --quiet', 'print errors only'))
    .addOption(option('--json', 'print one JSON object per line, for RPCs too; no status lines, no keys'))
    .addHelpText('after', MANUAL)
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'echo-server: ').replace('\n(', ' (')),
    })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse(argv);

  const given = program.opts<{
    listen: readonly string[] | undefined;
    tlsCert?: Buffer;
    tlsKey?: Buffer;
    tlsClientCa?: Buffer;
    delay: number;
    errorRate: number;
    grace: number;
    quiet?: boolean;
    json?: boolean;
  }>();
  return {
    addresses: given.listen ?? DEFAULT_ADDRESSES,
    tls: tlsFiles(given, (message) => program.error(`error: ${message}`)),
    delayMs: given.delay,
    errorRate: given.errorRate,
    graceMs: given.grace,
    quiet: given.quiet ?? false,
    json: given.json ?? false,
  };
}

/** `--error-rate` is also ECHO_SERVER_ERROR_RATE; the command line wins. */
function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  return made.env(`ECHO_SERVER_${made.name().replaceAll('-', '_').toUpperCase()}`);
}

/** To commander a variable that is empty is given, and a switch is on whatever its variable says. */
function ignoreUnsetVariables(environment: NodeJS.ProcessEnv): void {
  for (const [name, value = ''] of Object.entries(environment)) {
    if (!name.startsWith('ECHO_SERVER_')) continue;
    const isSwitch = name === 'ECHO_SERVER_QUIET' || name === 'ECHO_SERVER_JSON';
    if (value.trim() === '' || (isSwitch && ['0', 'false'].includes(value))) delete environment[name];
  }
}

function collectAddresses(text: string, earlier: readonly string[] | undefined): readonly string[] {
  const all = [...(earlier ?? [])];
  for (const part of text.split(',').map((each) => each.trim())) {
    const address = parseListenAddress(part);
    if (address === undefined) {
      const which = part === text ? '' : `'${part}' is no address. `;
      throw new InvalidArgumentError(`${which}Allowed: ${ADDRESS_FORMS}; ports from 0 to 65535.`);
    }
    if (all.includes(address) && !takesFreePort(address)) {
      throw new InvalidArgumentError(`${address} is given twice.`);
    }
    all.push(address);
  }
  return all;
}

function duration(text: string): number {
  const hasUnit = /[a-z]/i.test(text) || Number(text) === 0;
  const milliseconds = text.trim() === '' || !hasUnit ? Number.NaN : ms(text as ms.StringValue);
  // `ms` answers undefined to what it cannot read, whatever its types say.
  if (!(milliseconds >= 0 && milliseconds <= LONGEST_MS)) throw new InvalidArgumentError(DURATION);
  return milliseconds;
}

function share(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number from 0 (none fails) to 1 (all fail).');
}

function pem(read: (path: string) => Buffer): (path: string) => Buffer {
  return (path) => {
    try {
      return read(path);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };
}

function tlsFiles(
  { tlsCert, tlsKey, tlsClientCa }: { tlsCert?: Buffer; tlsKey?: Buffer; tlsClientCa?: Buffer },
  fail: (message: string) => never,
): TlsFiles | undefined {
  if (tlsCert === undefined && tlsKey === undefined) {
    if (tlsClientCa !== undefined) fail("option '--tls-client-ca <file>' needs '--tls-cert' and '--tls-key'");
    return undefined;
  }
  if (tlsKey === undefined) return fail("option '--tls-cert <file>' needs '--tls-key'");
  if (tlsCert === undefined) return fail("option '--tls-key <file>' needs '--tls-cert'");
  if (!isKeyOf(tlsCert, tlsKey)) fail("option '--tls-key <file>' is not the key of '--tls-cert'");
  return { cert: tlsCert, key: tlsKey, clientCa: tlsClientCa };
}

function versions(): string {
  const of = (path: string): string =>
    (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  const own = of(createRequire(import.meta.url).resolve('../package.json'));
  const grpc = of(createRequire(import.meta.url).resolve('@grpc/grpc-js/package.json'));
  return `echo-server ${own} (@grpc/grpc-js ${grpc}, Node.js ${process.version})`;
}
