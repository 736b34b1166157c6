/**
 * What a program tells a manual resolver, checked: a wrong shape would otherwise show as RPCs that wait for ever, or
 * fail with "undefined".
 */
import { Metadata, status } from '@grpc/grpc-js';
import { readServiceConfig, type ServiceConfigInput } from '@petiole/service-config';
import { didYouMean, isJson, SERVICE_CONFIG_FIELDS, show } from '@petiole/service-config/internal';
import type { Told } from '../resolving/source.js';
import { type EndpointInput, toEndpoints } from '../target/endpoint.js';
import { deepFreeze } from '../target/objects.js';

/** What a manual resolver tells its channels; each update replaces the whole. */
export interface ManualState {
  /**
   * In the order in which policies shall see them, without duplicates. May be empty: RPCs of a new channel then fail
   * with UNAVAILABLE; on a channel that had endpoints the policy decides (grpc-js's `round_robin` lets RPCs wait, its
   * `pick_first` keeps the connection that it has).
   */
  readonly endpoints: readonly EndpointInput[];
  /**
   * Proto3 JSON, as an object or a string. Default: none, so that each channel's `grpc.service_config` applies.
   * Refused are, besides what `checkServiceConfig` calls an error, misspelt fields and fields of `methodConfig` that
   * grpc-js does not read; fields that are wholly unknown are left out.
   */
  readonly serviceConfig?: ServiceConfigInput;
}

/** Options of `createManualResolver`. */
export interface ManualResolverOptions extends Partial<ManualState> {
  /**
   * The name that TLS verifies, `host` or `host:port`.
   * Default: the first endpoint's first host at creation, `localhost` when there is none.
   */
  readonly serverName?: string;
}

/** A status for `ManualResolver.fail`; `code` is UNAVAILABLE unless given. */
export interface ManualFailure {
  readonly code?: status;
  readonly details: string;
  readonly metadata?: Metadata;
}

/** A control plane must not use these (gRFC A54): RPCs would end with INTERNAL (fact R20). */
const INAPPROPRIATE_CODES: ReadonlySet<status> = new Set([
  status.OK,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.DATA_LOSS,
]);

const ALLOWED_CODES: readonly status[] = Object.values(status).filter(
  (code): code is status => typeof code === 'number' && !INAPPROPRIATE_CODES.has(code),
);

const STATE_FIELDS = ['endpoints', 'serviceConfig'];

/**
 * @param where begins the messages about the whole.
 * @throws {TypeError} on what is no object or has a misspelt field, {@link TargetError} on a bad endpoint,
 *   {@link ServiceConfigError} on a bad service config.
 */
export function readState(state: ManualState, where: string): Told & { kind: 'endpoints' } {
  assertObject(state, `${where}: its argument`, '{ endpoints: ["127.0.0.1:50051"] }');
  // A state may come out of a catalogue as it is, with fields that nobody reads. These would be waited for in vain.
  for (const written of Object.keys(state).filter((name) => !STATE_FIELDS.includes(name))) {
    const refuse = (what: string): never => {
      throw new TypeError(`${where}: ${written} ${what}`);
    };
    if (SERVICE_CONFIG_FIELDS.includes(written)) refuse('must be in serviceConfig');
    if (written === 'serverName') refuse('must be given to createManualResolver');
    const meant = didYouMean(written, STATE_FIELDS);
    if (meant !== undefined) refuse(`is no field of a state: ${meant}`);
  }
  const { endpoints, serviceConfig } = state;
  // All channels of a handle are given the same objects.
  return deepFreeze({
    kind: 'endpoints',
    endpoints: toEndpoints(endpoints),
    serviceConfig: serviceConfig === undefined ? null : readServiceConfig(serviceConfig, 'program'),
    note: '',
  });
}

/**
 * @param where begins the messages.
 * @throws {TypeError} on a wrong shape, Error on a code that is none or that grpc-js would turn into INTERNAL.
 */
export function readFailure(failure: ManualFailure, where: string): Told {
  assertObject(failure, `${where}: fail: its argument`, '{ details: "the catalogue is down" }');
  const { code = status.UNAVAILABLE, details, metadata } = failure;
  if (typeof details !== 'string') {
    throw new TypeError(`${where}: fail: details must be a string, got ${show(details)}`);
  }
  if (metadata !== undefined && !(metadata instanceof Metadata)) {
    throw new TypeError(
      `${where}: fail: metadata must be a Metadata of @grpc/grpc-js, got ${show(metadata)}`,
    );
  }
  if (!ALLOWED_CODES.includes(code)) {
    const allowed = ALLOWED_CODES.map((each) => `status.${status[each]} (${each})`).join(', ');
    const why = INAPPROPRIATE_CODES.has(code)
      ? ` (not ${status[code]}: grpc-js turns it into INTERNAL, gRFC A54)`
      : '';
    throw new Error(`${where}: fail: code must be one of ${allowed}, got ${show(code)}${why}`);
  }
  return { kind: 'failure', failure: { code, details, metadata: metadata?.clone() } };
}

function assertObject(value: unknown, where: string, example: string): void {
  if (!isJson(value))
    throw new TypeError(`${where} must be an object such as ${example}, got ${show(value)}`);
}
