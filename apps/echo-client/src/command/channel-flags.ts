/** The options that every command has: where to connect, how, and with which policy. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { parseTarget, TargetError } from '@petiole/resolver';
import '@petiole/resolver/register';
import { type Command, Option } from 'commander';
import type { EchoChannelConfig } from '../channel/echo-channel.js';
import { CHECK_HEALTH, checksHealth, POLICIES, type PolicyName } from '../channel/policies.js';
import { MESSAGE, REPEAT_COUNT, TARGET } from '../channel/reference-run.js';
import { duration, integer, listenAddress } from './option-values.js';
import { UsageError } from './usage-error.js';

/** The values of those options, as commander hands them over. */
export interface ChannelFlags {
  readonly target: string;
  readonly message: string;
  readonly repeatCount: number;
  readonly readyTimeout?: number;
  /** False: no health checks. Undefined: of the server as a whole, if the policy checks any. */
  readonly healthService?: string | false;
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsServerName?: string;
  readonly httpProxy?: boolean;
  readonly admin?: string;
}

/** `--rpc-timeout` is `ECHO_CLIENT_RPC_TIMEOUT` in the environment. */
export function option(flags: string, description: string): Option {
  const [, name = ''] = /--([a-z-]+)/.exec(flags) ?? [];
  return new Option(flags, description).env(`ECHO_CLIENT_${name.replaceAll('-', '_').toUpperCase()}`);
}

export function addChannelFlags(command: Command): Command {
  return command
    .addOption(
      option('--target <target>', 'where to connect: static:, srv:, dns+refresh:, dns:, …').default(
        TARGET,
        'the three echo servers',
      ),
    )
    .addOption(option('--message <text>', 'what to say').default(MESSAGE))
    .addOption(
      option('--repeat-count <n>', 'custom_round_robin: RPCs in a row to one endpoint')
        .default(REPEAT_COUNT)
        .argParser(integer(1, 2 ** 32 - 1)),
    )
    .addOption(
      option(
        '--ready-timeout <time>',
        'custom_round_robin: begin without those not connected by then',
      ).argParser(duration({ zero: true })),
    )
    .addOption(
      option('--health-service <name>', 'the service whose health is checked (default: the server’s)'),
    )
    .addOption(option('--no-health-service', 'check no health'))
    .addOption(option('--tls', 'TLS with the system’s authorities; the other --tls flags imply it'))
    .addOption(option('--tls-ca <file>', 'PEM file of the authorities to trust'))
    .addOption(option('--tls-cert <file>', 'PEM file of the client’s certificate'))
    .addOption(option('--tls-key <file>', 'PEM file of its key'))
    .addOption(option('--tls-server-name <name>', 'the name that the server’s certificate must have'))
    .addOption(option('--http-proxy', 'obey http_proxy and the like (default: ignore them)'))
    .addOption(
      option('--admin <address>', 'serve channelz, reflection and health on this address').argParser(
        listenAddress,
      ),
    );
}

/** @throws {UsageError} on what cannot be. */
export function channelConfig(flags: ChannelFlags, policy: PolicyName): EchoChannelConfig {
  checkTarget(flags.target);
  if (typeof flags.healthService === 'string' && !checksHealth(policy)) {
    throw new UsageError(
      `option '--health-service' with policy '${policy}': only ${CHECK_HEALTH} check health`,
    );
  }
  return {
    target: flags.target,
    policy,
    repeatCount: flags.repeatCount,
    readyTimeoutMs: policy === 'custom_round_robin' ? flags.readyTimeout : undefined,
    healthService: checkedService(flags, policy),
    credentials: channelCredentials(flags),
    serverName: flags.tlsServerName,
    httpProxy: flags.httpProxy,
  };
}

/** Without a flag the server as a whole: a check costs nothing where a server has no health service. */
function checkedService({ healthService = '' }: ChannelFlags, policy: PolicyName): string | undefined {
  return healthService === false || !checksHealth(policy) ? undefined : healthService;
}

/** @throws {UsageError} if none of the policies has a use for `--ready-timeout`. */
export function checkReadyTimeout(flags: ChannelFlags, policies: readonly PolicyName[]): void {
  if (flags.readyTimeout === undefined || policies.includes('custom_round_robin')) return;
  throw new UsageError(
    `option '--ready-timeout' with policy '${policies.join(', ')}': only custom_round_robin waits for all endpoints`,
  );
}

export function policyOption(description: string): Option {
  return option('--policy <name>', description).choices(POLICIES).default('custom_round_robin');
}

/** What grpc-js would look up in DNS although it was meant for one of Petiole's resolvers, or would throw on. */
function checkTarget(target: string): void {
  const refuse = (why: string): never => {
    throw new UsageError(`option '--target' value '${target}': ${why}`);
  };
  if (target.trim() === '') refuse('allowed is a gRPC target such as static:[::1]:50051+127.0.0.1:50051');
  if (!/^["'\s]*(static|srv|dns\+refresh):/i.test(target) && !/[\n\r]/.test(target)) return;
  try {
    parseTarget(target);
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    refuse(error.message);
  }
}

function channelCredentials(flags: ChannelFlags): ChannelCredentials | undefined {
  const { tls, tlsCa, tlsCert, tlsKey, tlsServerName } = flags;
  if (tlsCert === undefined && tlsKey !== undefined)
    throw new UsageError("option '--tls-key' needs '--tls-cert'");
  if (tlsKey === undefined && tlsCert !== undefined)
    throw new UsageError("option '--tls-cert' needs '--tls-key'");
  if ([tlsCa, tlsCert, tlsServerName].every((flag) => flag === undefined) && tls !== true) return undefined;
  const ca = pem('--tls-ca', tlsCa, (bytes) => new X509Certificate(bytes));
  const key = pem('--tls-key', tlsKey, createPrivateKey);
  const cert = pem('--tls-cert', tlsCert, (bytes) => new X509Certificate(bytes));
  try {
    return credentials.createSsl(ca, key, cert);
  } catch (error) {
    throw new UsageError(
      `options '--tls-key' value '${tlsKey}' and '--tls-cert' value '${tlsCert}': allowed are files that belong together: ${(error as Error).message}`,
    );
  }
}

/** The file's bytes; `parse` throws on what is not in them. (Node.js takes anything for an authority in silence.) */
function pem(name: string, file: string | undefined, parse: (bytes: Buffer) => unknown): Buffer | null {
  if (file === undefined) return null;
  try {
    const bytes = readFileSync(file);
    parse(bytes);
    return bytes;
  } catch (error) {
    throw new UsageError(
      `option '${name}' value '${file}': allowed is a readable PEM file: ${(error as Error).message}`,
    );
  }
}
