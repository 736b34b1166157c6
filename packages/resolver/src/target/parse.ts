/**
 * Reads a target string before grpc-js does. What grpc-js does not recognise goes to `dns:`, which fails with a puzzling
 * message or not at all, or is an exception (facts R5 and R6); no resolver of this package ever sees it.
 */
import { quote, show } from '@petiole/service-config/internal';
import { lineBreakIn, splitTarget } from '../grpc-js/target-uri.js';
import {
  DNS_REFRESH_SCHEME,
  dnsRefreshAuthority,
  parseDnsRefreshTarget,
  parseSrvTarget,
  SRV_SCHEME,
  srvAuthority,
} from './dns-target.js';
import type { Endpoint } from './endpoint.js';
import { TargetError } from './error.js';
import { parseStaticTarget, STATIC_SCHEME, staticAuthority } from './static-target.js';

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
    }
  | {
      readonly scheme: 'dns+refresh';
      readonly authority: string;
      readonly dnsServer: string | undefined;
      readonly host: string;
      readonly port: number;
    };

const SCHEMES = [STATIC_SCHEME, SRV_SCHEME, DNS_REFRESH_SCHEME] as const;

/**
 * Parses a `static:`, `srv:` or `dns+refresh:` target, for a check at start-up. Targets of other schemes, also
 * those that grpc-js knows itself (`dns:///echo`, `unix:/run/echo`), are refused.
 * @throws {TargetError} that says what is wrong, also for what grpc-js would send to `dns:` without a word.
 */
export function parseTarget(target: string): ParsedTarget {
  try {
    return parse(target);
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    throw new TargetError(`bad target: ${error.message}`);
  }
}

function parse(target: string): ParsedTarget {
  if (typeof target !== 'string') throw new TargetError(`${show(target)} is no string`);
  const lineBreak = lineBreakIn(target);
  if (lineBreak !== undefined) {
    throw new TargetError(
      `${quote(target)} has a line break at character ${lineBreak + 1}; grpc-js throws on it`,
    );
  }
  const scheme = SCHEMES.find((name) => target.startsWith(`${name}:`));
  if (scheme === undefined) {
    const near = SCHEMES.find((name) =>
      target.trimStart().toLowerCase().replace(/^["']/, '').startsWith(`${name}:`),
    );
    throw new TargetError(
      near === undefined
        ? `${quote(target)} has none of the schemes ${SCHEMES.map((name) => `${name}:`).join(', ')}; targets of grpc-js's own schemes are not checked here`
        : `${quote(target)} must start with "${near}:" exactly, in small letters, without quotes or blanks; grpc-js would hand it to dns:`,
    );
  }
  const uri = splitTarget(target, scheme);
  if (uri === undefined) {
    throw new TargetError(`${quote(target)} has nothing after "${scheme}:"; grpc-js would hand it to dns:`);
  }
  if (scheme === DNS_REFRESH_SCHEME) {
    return { scheme, ...parseDnsRefreshTarget(uri), authority: dnsRefreshAuthority(uri) };
  }
  if (scheme === SRV_SCHEME) {
    const { dnsServer, service } = parseSrvTarget(uri);
    return { scheme, authority: srvAuthority(uri), dnsServer, service };
  }
  return { scheme, ...parseStaticTarget(uri), authority: staticAuthority(uri) };
}
