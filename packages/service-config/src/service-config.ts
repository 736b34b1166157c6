/** `serviceConfig()`: the JSON for the channel option `grpc.service_config`, written by a program. */
import type { LoadBalancingConfig, status } from '@grpc/grpc-js';
import { inspect } from './check-service-config.js';
import type { Duration } from './duration.js';
import { assertJson, isJson } from './json.js';
import { POLICIES_RULE } from './policies/list.js';
import { show } from './text/show.js';

export interface ServiceConfigOptions {
  /** Policies such as `leastRequest()` or `{ round_robin: {} }`, of which grpc-js takes the first that it knows. */
  readonly loadBalancingConfig: readonly LoadBalancingConfig[];
  /** Client-side health checking (gRFC A17), which the policies of `@petiole/balancer` do. Default: none. */
  readonly healthCheckConfig?: HealthCheckConfig | undefined;
  /** More than one connection to a server (gRFC A105), which the policies of `@petiole/balancer` make. Default: one. */
  readonly connectionScaling?: ConnectionScaling | undefined;
  /** Timeouts and retries by method. Each method takes its settings from one entry: the most specific one. */
  readonly methodConfig?: readonly MethodConfig[] | undefined;
  /** Stops retries while too many RPCs fail (gRFC A6). All channels of one target share the tokens. */
  readonly retryThrottling?: RetryThrottling | undefined;
}

export interface HealthCheckConfig {
  /** The service whose health the servers are asked for; `''` for the server as a whole. */
  readonly serviceName: string;
}

export interface ConnectionScaling {
  /**
   * How many connections each endpoint has at most: an integer from 1. A new one is made when RPCs wait because all others
   * have as many streams as the server allows. More than 10 count as 10, unless the channel option
   * `grpc.max_connections_per_subchannel_cap` says otherwise. Default 1.
   */
  readonly maxConnectionsPerSubchannel?: number | undefined;
}

/** Settings of the methods that it names (gRPC's `MethodConfig`, as far as grpc-js reads it). */
export interface MethodConfig {
  /** `[{ service: 'pkg.Service', method: 'Get' }]`, `[{ service: 'pkg.Service' }]`, or `[{}]` for all methods. */
  readonly name: readonly MethodName[];
  /**
   * The longest time that an RPC may take, from 1 ms: a Duration such as `"5s"` or `"0.250s"`. A shorter deadline
   * of the call itself counts. Default: no limit.
   */
  readonly timeout?: string | Duration | undefined;
  readonly retryPolicy?: RetryPolicy | undefined;
  /** Not beside a `retryPolicy`. */
  readonly hedgingPolicy?: HedgingPolicy | undefined;
}

export interface MethodName {
  /** With its package: `grpc.examples.echo.Echo`. */
  readonly service?: string | undefined;
  /** Default: all methods of the service. */
  readonly method?: string | undefined;
}

/** A status code by name or number. */
export type StatusCode = keyof typeof status | status;

/** Tries failed RPCs again, one attempt after the other (gRFC A6). */
export interface RetryPolicy {
  /**
   * How often an RPC is sent at most, the first time included: an integer from 2. grpc-js makes no more than 5
   * attempts unless the channel option `grpc-node.retry_max_attempts_limit` raises that.
   */
  readonly maxAttempts: number;
  /** The pause before the second attempt, ±20 %: a Duration above 0 s. */
  readonly initialBackoff: string;
  /** The longest pause: a Duration above 0 s. */
  readonly maxBackoff: string;
  /** By how much each pause is longer than the one before: a number above 0. */
  readonly backoffMultiplier: number;
  /** The codes to try again after, at least one. */
  readonly retryableStatusCodes: readonly StatusCode[];
}

/** Sends an RPC several times without waiting for failures (gRFC A6): only for methods that bear it. */
export interface HedgingPolicy {
  /** How often an RPC is sent at most: an integer from 2; limited to 5 as in {@link RetryPolicy}. */
  readonly maxAttempts: number;
  /** The pause between attempts: a Duration. Default `"0s"`: all at once. */
  readonly hedgingDelay?: string | undefined;
  /** The codes that do not end the RPC while other attempts are under way. Default: none. */
  readonly nonFatalStatusCodes?: readonly StatusCode[] | undefined;
}

export interface RetryThrottling {
  /** The tokens at the start, from 0.001 to 1000. A failure takes one; at half of them or less nothing is retried. */
  readonly maxTokens: number;
  /** The tokens that a success gives back, at least 0.001. */
  readonly tokenRatio: number;
}

/**
 * The JSON for the channel option `grpc.service_config`, in the form that grpc-js 1.14 reads: Durations become
 * objects where it takes `"0.5s"` for 5 ns, and the fields of its own policies the snake_case that it wants.
 * It stands in for a service config from the resolver, which wins.
 *
 * @throws TypeError that names path, value and what is allowed, for everything that grpc-js would refuse, misread,
 *   ignore or replace; {@link checkServiceConfig} lists the same of a config that exists already. A policy that is
 *   not registered is accepted if another one follows that is: that is gRPC's way to fall back.
 */
export function serviceConfig(options: ServiceConfigOptions): string {
  const example = 'an object such as { loadBalancingConfig: [leastRequest()] }';
  if (!isJson(options)) throw new TypeError(`serviceConfig: must be given ${example}, got ${show(options)}`);
  assertJson(options, 'serviceConfig');
  const { findings, mended } = inspect(options);
  const error = findings.find(({ severity }) => severity === 'error');
  if (error !== undefined)
    throw new TypeError(`serviceConfig: ${error.path === '' ? '' : `${error.path}: `}${error.instead}`);
  // To grpc-js a config without policies is one of pick_first; who calls this function has another in mind.
  if (mended.loadBalancingConfig === undefined)
    throw new TypeError(`serviceConfig: loadBalancingConfig: ${POLICIES_RULE}, got nothing`);
  return JSON.stringify(mended);
}
