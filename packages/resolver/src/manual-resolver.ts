/**
 * Endpoints from a program: a handle whose target any number of channels follow. Twin of grpc-go's `resolver/manual`.
 */
import { type ChannelOptions, type experimental, type Metadata, status } from '@grpc/grpc-js';
import { authorityOf, checkAuthority, FALLBACK_AUTHORITY } from './authority.js';
import { Delivery } from './delivery.js';
import { type Endpoint, type EndpointInput, toEndpoints } from './endpoint.js';
import { type ResolverClass, registration } from './registration.js';
import {
  type PreparedServiceConfig,
  prepareServiceConfig,
  type ServiceConfigInput,
} from './service-config.js';
import { tracer } from './tracing.js';

/** The scheme of manual targets; `manual:7` is made by {@link createManualResolver}, not written. */
export const MANUAL_SCHEME = 'manual';

/** What a manual resolver tells its channels; each update replaces the whole. */
export interface ManualState {
  /**
   * In the order in which policies shall see them. May be empty: RPCs of a new channel then fail with UNAVAILABLE;
   * on a channel that had endpoints the policy decides (grpc-js's `round_robin` lets RPCs wait, its `pick_first` keeps
   * the connection that it has).
   */
  readonly endpoints: readonly EndpointInput[];
  /** Default: none, so that each channel's `grpc.service_config` applies. */
  readonly serviceConfig?: ServiceConfigInput;
}

/** Options of {@link createManualResolver}. */
export interface ManualResolverOptions extends Partial<ManualState> {
  /**
   * The name that TLS verifies, `host` or `host:port`.
   * Default: the first endpoint's first host at creation, `localhost` when there is none.
   */
  readonly serverName?: string;
}

/** A status for {@link ManualResolver.fail}; `code` is UNAVAILABLE unless given. */
export interface ManualFailure {
  readonly code?: status;
  readonly details: string;
  readonly metadata?: Metadata;
}

/** The handle of a manual resolver. */
export interface ManualResolver {
  /** What to give to a channel or client constructor. */
  readonly target: string;
  /**
   * Replaces the state. Stored at once; every live channel gets it on the next tick, in the order in which they
   * subscribed; of several updates in one tick, the last. Channels made later and channels back from idle get it too.
   * @throws {TargetError} on a bad endpoint, {@link ServiceConfigError} on a bad service config, Error after `close`;
   *   then nothing changes.
   */
  update(state: ManualState): void;
  /**
   * Reports that names cannot be resolved. Channels with endpoints keep serving; others fail RPCs with this status.
   * @throws on a code that grpc-js would turn into INTERNAL (gRFC A54), and after `close`.
   */
  fail(failure: ManualFailure): void;
  /** Forgets the target. Live channels keep what they have; later ones get UNAVAILABLE. Idempotent. */
  close(): void;
}

type Latest =
  | { readonly endpoints: readonly Endpoint[]; readonly serviceConfig: PreparedServiceConfig | null }
  | { readonly failure: ManualFailure & { readonly code: status } };

/** gRFC A54: a control plane must not use these. */
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

const trace = tracer('manual_resolver');
const handles = new Map<string, Handle>();
let nextId = 1;

/**
 * Makes a manual resolver and registers its scheme. Without `endpoints`, RPCs wait for the first `update`.
 * The handle is kept until `close()`.
 * @throws as `update` does, and {@link TargetError} on a bad `serverName`.
 */
export function createManualResolver(options: ManualResolverOptions = {}): ManualResolver {
  registerManualResolver();
  const { endpoints, serviceConfig, serverName } = options;
  if (endpoints === undefined && serviceConfig !== undefined) {
    throw new Error('createManualResolver: serviceConfig needs endpoints beside it');
  }
  const latest =
    endpoints && prepare({ endpoints, ...(serviceConfig === undefined ? {} : { serviceConfig }) });
  return new Handle(serverName ?? firstAuthority(latest), latest);
}

function firstAuthority(latest: Latest | undefined): string {
  const first = latest && 'endpoints' in latest ? latest.endpoints[0]?.addresses[0] : undefined;
  return first && !('path' in first) ? authorityOf(first) : FALLBACK_AUTHORITY;
}

function prepare({ endpoints, serviceConfig }: ManualState): Latest {
  return deepFreeze({
    endpoints: toEndpoints(endpoints),
    serviceConfig: serviceConfig === undefined ? null : prepareServiceConfig(serviceConfig),
  });
}

/** All channels of a handle are given the same objects. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}

class Handle implements ManualResolver {
  readonly target: string;
  readonly #id: string;
  readonly #subscribers = new Set<(reason: string) => void>();
  #latest: Latest | undefined;
  #scheduled = false;
  #closed = false;

  constructor(authority: string, latest: Latest | undefined) {
    this.#id = String(nextId++);
    this.target = `${MANUAL_SCHEME}://${checkAuthority(authority)}/${this.#id}`;
    this.#latest = latest;
    handles.set(this.#id, this);
  }

  get latest(): Latest | undefined {
    return this.#latest;
  }

  update(state: ManualState): void {
    this.#assertOpen();
    this.#publish(prepare(state));
  }

  fail({ code = status.UNAVAILABLE, details, metadata }: ManualFailure): void {
    this.#assertOpen();
    if (status[code] === undefined || INAPPROPRIATE_CODES.has(code)) {
      throw new Error(
        `${this.target}: fail code must be a status that a resolver may report (not ${status[code] ?? String(code)}, which grpc-js turns into INTERNAL); UNAVAILABLE is usual`,
      );
    }
    this.#publish({ failure: { code, details, ...(metadata ? { metadata } : {}) } });
  }

  close(): void {
    this.#closed = true;
    handles.delete(this.#id);
  }

  subscribe(subscriber: (reason: string) => void): void {
    this.#subscribers.add(subscriber);
  }

  unsubscribe(subscriber: (reason: string) => void): void {
    this.#subscribers.delete(subscriber);
  }

  #publish(latest: Latest): void {
    this.#latest = latest;
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      for (const subscriber of [...this.#subscribers]) subscriber('update');
    });
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error(`${this.target}: this manual resolver was closed`);
  }
}

/** The class that grpc-js is given. */
export const manualResolverClass: ResolverClass = class ManualChannelResolver
  implements experimental.Resolver
{
  readonly #delivery: Delivery;
  readonly #id: string;
  /** The handle that this resolver follows, from its first `updateResolution` until `destroy`. */
  #following: Handle | undefined;
  #replay: NodeJS.Immediate | undefined;
  /** What this channel was told last. */
  #told: Latest | undefined;
  readonly #tell = (reason: string): void => {
    const latest = this.#following?.latest;
    if (latest === undefined || latest === this.#told) return;
    this.#told = latest;
    if ('failure' in latest) this.#delivery.error(latest.failure, reason);
    else this.#delivery.endpoints({ ...latest, note: '' }, reason);
  };

  constructor(
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    _options: ChannelOptions,
  ) {
    this.#delivery = new Delivery(target, listener, trace);
    this.#id = target.path;
  }

  /** Requests for re-resolution are not answered: the program speaks when it has something to say. */
  updateResolution(): void {
    if (this.#following !== undefined || this.#replay !== undefined) return;
    this.#following = handles.get(this.#id);
    this.#following?.subscribe(this.#tell);
    this.#replay = setImmediate(() => {
      if (this.#following !== undefined) this.#tell('replay');
      else {
        const details = `${this.#delivery.target}: this manual resolver was closed, or was never created in this process`;
        this.#delivery.error({ code: status.UNAVAILABLE, details }, 'replay');
      }
    });
  }

  destroy(): void {
    clearImmediate(this.#replay);
    this.#following?.unsubscribe(this.#tell);
    this.#following = undefined;
    this.#replay = undefined;
    this.#told = undefined;
    this.#delivery.reset();
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return target.authority || FALLBACK_AUTHORITY;
  }
};

const register = registration(MANUAL_SCHEME, () => manualResolverClass);

/** Registers the `manual:` scheme; {@link createManualResolver} does it by itself. Idempotent. */
export function registerManualResolver(): void {
  register();
}
