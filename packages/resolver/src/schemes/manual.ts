/**
 * Endpoints from a program: a handle whose target any number of channels follow. Twin of grpc-go's `resolver/manual`.
 */

import { type ChannelOptions, type experimental, status } from '@grpc/grpc-js';
import { tracer } from '@petiole/service-config/internal';
import type { ResolverClass } from '../grpc-js/resolver-class.js';
import { sharedByCopies } from '../grpc-js/shared-by-copies.js';
import { Delivery } from '../resolving/delivery.js';
import type { UpdateReason } from '../resolving/update-events.js';
import { authorityOf, checkAuthority, FALLBACK_AUTHORITY } from '../target/authority.js';
import { assertOptions } from '../target/objects.js';
import {
  type Latest,
  type ManualFailure,
  type ManualResolverOptions,
  type ManualState,
  readFailure,
  readState,
} from './manual-state.js';
import { registration } from './registration.js';

/** The scheme of manual targets; `manual://localhost/1` is made by {@link createManualResolver}, not written. */
export const MANUAL_SCHEME = 'manual';

/** The handle of a manual resolver. */
export interface ManualResolver {
  /** What to give to a channel or client constructor. */
  readonly target: string;
  /**
   * Replaces the state. Stored at once; every live channel gets it on the next tick, in the order in which they
   * subscribed; of several updates in one tick, the last. Channels made later and channels back from idle get it too.
   * @throws {TargetError} on a bad endpoint, {@link ServiceConfigError} on a bad service config, TypeError on what is
   *   no object, Error after `close`; then nothing changes.
   */
  update(state: ManualState): void;
  /**
   * Reports that names cannot be resolved. Channels with endpoints keep serving; others fail RPCs with this status.
   * @throws TypeError without `details`; Error on a code that is none or that grpc-js would turn into INTERNAL (gRFC A54),
   *   and after `close`.
   */
  fail(failure: ManualFailure): void;
  /**
   * Forgets the target. Live channels keep what they have; those that wait for the first update, and later ones, get
   * UNAVAILABLE. Idempotent.
   */
  close(): void;
}

const CLOSED = 'this manual resolver was closed';

const trace = tracer('manual_resolver');

/** A handle as its channels see it. Another copy of this package, of another version perhaps, may have made it. */
interface Followed {
  readonly latest: Latest | undefined;
  subscribe(subscriber: (reason: UpdateReason) => void): void;
  unsubscribe(subscriber: (reason: UpdateReason) => void): void;
}

interface Handles {
  readonly byId: Map<string, Followed>;
  lastId: number;
}

// The last copy of this package to register the scheme answers for the targets of all copies.
const handles = sharedByCopies<Handles>('petiole.manual-handles', () => ({ byId: new Map(), lastId: 0 }));

/**
 * Makes a manual resolver and registers its scheme. Without `endpoints`, RPCs wait for the first `update`.
 * The handle is kept until `close()`.
 * @throws as `update` does, and {@link TargetError} on a bad `serverName`.
 */
export function createManualResolver(options: ManualResolverOptions = {}): ManualResolver {
  assertOptions(options, 'createManualResolver: its argument', ['endpoints', 'serviceConfig', 'serverName']);
  registerManualResolver();
  const { endpoints, serviceConfig, serverName } = options;
  if (endpoints === undefined && serviceConfig !== undefined) {
    throw new Error('createManualResolver: serviceConfig needs endpoints beside it');
  }
  const latest =
    endpoints === undefined
      ? undefined
      : readState(
          { endpoints, ...(serviceConfig === undefined ? {} : { serviceConfig }) },
          'createManualResolver',
        );
  return new Handle(serverName ?? firstAuthority(latest), latest);
}

function firstAuthority(latest: Latest | undefined): string {
  const first = latest?.kind === 'endpoints' ? latest.endpoints[0]?.addresses[0] : undefined;
  return first && !('path' in first) ? authorityOf(first) : FALLBACK_AUTHORITY;
}

class Handle implements ManualResolver, Followed {
  readonly target: string;
  readonly #id: string;
  readonly #subscribers = new Set<(reason: UpdateReason) => void>();
  #latest: Latest | undefined;
  #scheduled = false;
  #closed = false;

  constructor(authority: string, latest: Latest | undefined) {
    this.#id = String(++handles.lastId);
    this.target = `${MANUAL_SCHEME}://${checkAuthority(authority)}/${this.#id}`;
    this.#latest = latest;
    handles.byId.set(this.#id, this);
  }

  get latest(): Latest | undefined {
    return this.#latest;
  }

  update(state: ManualState): void {
    this.#assertOpen();
    this.#publish(readState(state, `${this.target}: update`));
  }

  fail(failure: ManualFailure): void {
    this.#assertOpen();
    this.#publish(readFailure(failure, this.target));
  }

  close(): void {
    if (this.#closed) return;
    trace?.(`${this.target} closed, with ${this.#audience()}`);
    this.#closed = true;
    handles.byId.delete(this.#id);
    if (this.#latest === undefined) {
      this.#publish({
        kind: 'failure',
        failure: { code: status.UNAVAILABLE, details: `${this.target}: ${CLOSED}` },
      });
    }
  }

  subscribe(subscriber: (reason: UpdateReason) => void): void {
    this.#subscribers.add(subscriber);
  }

  unsubscribe(subscriber: (reason: UpdateReason) => void): void {
    this.#subscribers.delete(subscriber);
  }

  #publish(latest: Latest): void {
    const what = latest.kind === 'failure' ? 'failure' : `${latest.endpoints.length} endpoints`;
    const details = latest.kind === 'failure' ? `: ${latest.failure.details}` : '';
    trace?.(`${this.target} ${what} stored, for ${this.#audience()}${details}`);
    this.#latest = latest;
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      for (const subscriber of [...this.#subscribers]) subscriber('update');
    });
  }

  #audience(): string {
    return this.#subscribers.size === 1 ? '1 channel' : `${this.#subscribers.size} channels`;
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error(`${this.target}: ${CLOSED}`);
  }
}

/** The class that grpc-js is given. */
export const manualResolverClass: ResolverClass = class ManualChannelResolver
  implements experimental.Resolver
{
  readonly #delivery: Delivery;
  readonly #id: string;
  /** The handle that this resolver follows, from its first `updateResolution` until `destroy`. */
  #following: Followed | undefined;
  #replay: NodeJS.Immediate | undefined;
  /** What this channel was told last. */
  #told: Latest | undefined;
  readonly #tell = (reason: UpdateReason): void => {
    const latest = this.#following?.latest;
    if (latest === undefined || latest === this.#told) {
      this.#delivery.trace?.(`${reason}: ${latest ? 'told already' : 'waits for the first update'}`);
      return;
    }
    this.#told = latest;
    if (latest.kind === 'failure') this.#delivery.error(latest.failure, reason);
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
    if (this.#following !== undefined || this.#replay !== undefined) {
      this.#delivery.trace?.('request ignored: the program speaks when it has something to say');
      return;
    }
    this.#following = handles.byId.get(this.#id);
    this.#following?.subscribe(this.#tell);
    this.#replay = setImmediate(() => {
      if (this.#following !== undefined) this.#tell('replay');
      else {
        const details = `${this.#delivery.target}: ${CLOSED}, or was never created in this process`;
        this.#delivery.error({ code: status.UNAVAILABLE, details }, 'replay');
      }
    });
  }

  destroy(): void {
    if (this.#replay !== undefined) this.#delivery.trace?.('stops: the channel is idle or closed');
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
