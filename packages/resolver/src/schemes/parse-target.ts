/**
 * Reads a target string before grpc-js does. What grpc-js does not recognise goes to `dns:`, which fails with a puzzling
 * message or not at all, or is an exception (facts R5 and R6); no resolver of this package ever sees it.
 */
import type { experimental } from '@grpc/grpc-js';
import { quote, show } from '@petiole/service-config/internal';
import { lineBreakIn, splitTarget } from '../grpc-js/target-uri.js';
import { DNS_REFRESH_SCHEME, dnsRefreshAuthority, SRV_SCHEME, srvAuthority } from '../target/dns-target.js';
import type { Endpoint } from '../target/endpoint.js';
import { readAt, TargetError } from '../target/error.js';
import { missingRegistration } from '../target/missing-registration.js';
import { parseStaticTarget, STATIC_SCHEME, staticAuthority } from '../target/static-target.js';
import { type DnsTargetOptions, readDnsTarget } from './dns-refresh.js';
import { readSrvTarget, type SrvResolverOptions } from './srv.js';

/** What a target says. `authority` is the name that TLS verifies, with its port where the target has one. */
export type ParsedTarget =
  | {
      readonly scheme: 'static';
      readonly authority: string;
      readonly serverName: string | undefined;
      /** Hosts may be names. */
      readonly endpoints: readonly Endpoint[];
    }
  | {
      readonly scheme: 'srv';
      readonly authority: string;
      /** `IP:PORT`; undefined: the system's DNS servers. */
      readonly dnsServer: string | undefined;
      /** `_service._proto.NAME`. */
      readonly service: string;
      /** Those that the target itself has. */
      readonly options: SrvResolverOptions;
    }
  | {
      readonly scheme: 'dns+refresh';
      readonly authority: string;
      readonly dnsServer: string | undefined;
      readonly host: string;
      readonly port: number;
      /** Those that the target itself has. */
      readonly options: DnsTargetOptions;
    };

type Parse = (uri: experimental.GrpcUri) => ParsedTarget;

const SCHEMES: Readonly<Record<ParsedTarget['scheme'], Parse>> = {
  static: (uri) => ({ scheme: STATIC_SCHEME, ...parseStaticTarget(uri), authority: staticAuthority(uri) }),
  srv: (uri) => {
    const { target, own: options } = readSrvTarget(uri);
    const { dnsServer, service } = target;
    return { scheme: SRV_SCHEME, authority: srvAuthority(uri), dnsServer, service, options };
  },
  'dns+refresh': (uri) => {
    const { target, own: options } = readDnsTarget(uri);
    const { query: _, ...parts } = target;
    return { scheme: DNS_REFRESH_SCHEME, authority: dnsRefreshAuthority(uri), ...parts, options };
  },
};

const NAMES = Object.keys(SCHEMES) as ReadonlyArray<keyof typeof SCHEMES>;

/**
 * Parses a `static:`, `srv:` or `dns+refresh:` target, for a check at start-up. Targets of other schemes, also
 * those that grpc-js knows itself (`dns:///echo`, `unix:/run/echo`), are refused.
 * @throws {TargetError} that says what is wrong, also for what grpc-js would send to `dns:` without a word: a good target
 *   of a scheme that nobody has registered yet is such a one, and the message names the call that is missing.
 */
export function parseTarget(target: string): ParsedTarget {
  return readAt('bad target', () => parse(target));
}

function parse(target: string): ParsedTarget {
  if (typeof target !== 'string') throw new TargetError(`${show(target)} is no string`);
  const lineBreak = lineBreakIn(target);
  if (lineBreak !== undefined) {
    throw new TargetError(
      `${quote(target)} has a line break at character ${lineBreak + 1}; grpc-js throws on it`,
    );
  }
  const scheme = NAMES.find((name) => target.startsWith(`${name}:`));
  if (scheme === undefined) {
    const near = NAMES.find((name) =>
      target.trimStart().toLowerCase().replace(/^["']/, '').startsWith(`${name}:`),
    );
    throw new TargetError(
      near === undefined
        ? `${quote(target)} has none of the schemes ${NAMES.map((name) => `${name}:`).join(', ')}; targets of grpc-js's own schemes are not checked here`
        : `${quote(target)} must start with "${near}:" exactly, in small letters, without quotes or blanks; grpc-js would hand it to dns:`,
    );
  }
  const uri = splitTarget(target, scheme);
  if (uri === undefined) {
    throw new TargetError(`${quote(target)} has nothing after "${scheme}:"; grpc-js would hand it to dns:`);
  }
  const parsed = SCHEMES[scheme](uri);
  const missing = missingRegistration(scheme);
  if (missing !== undefined) throw new TargetError(`${quote(target)}: ${missing}`);
  return parsed;
}
