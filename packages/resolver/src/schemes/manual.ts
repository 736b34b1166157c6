/**
 * Endpoints from a program: a handle whose target any number of channels follow. Twin of grpc-go's `resolver/manual`.
 */
import { sharedByCopies, tracer } from '@petiole/service-config/internal';
import { type ResolverClass, registration } from '../grpc-js/registration.js';
import { Follower } from '../resolving/follower.js';
import { Source, type Told, unavailable } from '../resolving/source.js';
import { authorityOf, checkAuthority, FALLBACK_AUTHORITY } from '../target/authority.js';
import { assertOptions } from '../target/objects.js';
import {
  type ManualFailure,
  type ManualResolverOptions,
  type ManualState,
  readFailure,
  readState,
} from './manual-state.js';
import { schemeResolver } from './scheme.js';

/** The scheme of manual targets; `manual://localhost/1` is made by {@link createManualResolver}, not written. */
const MANUAL_SCHEME = 'manual';

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
const SILENT = 'the program speaks when it has something to say';
const TRACER = 'manual_resolver';
const trace = tracer(TRACER);

interface Handles {
  readonly byId: Map<string, Source>;
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
  const where = 'createManualResolver';
  assertOptions(options, `${where}: its argument`, ['endpoints', 'serviceConfig', 'serverName']);
  registerManualResolver();
  const { serverName, endpoints, ...config } = options;
  if (endpoints === undefined && config.serviceConfig !== undefined) {
    throw new Error(`${where}: serviceConfig needs endpoints beside it`);
  }
  const latest = endpoints === undefined ? undefined : readState({ endpoints, ...config }, where);
  const first = latest?.endpoints[0]?.addresses[0];
  const authority = first && !('path' in first) ? authorityOf(first) : FALLBACK_AUTHORITY;
  return new Handle(serverName ?? authority, latest);
}

class Handle implements ManualResolver {
  readonly target: string;
  readonly #id: string;
  readonly #source: Source;
  #isClosed = false;

  constructor(authority: string, latest: Told | undefined) {
    this.#id = String(++handles.lastId);
    this.target = `${MANUAL_SCHEME}://${checkAuthority(authority)}/${this.#id}`;
    this.#source = new Source(latest, 'replay', SILENT);
    handles.byId.set(this.#id, this.#source);
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
    if (this.#isClosed) return;
    trace?.(`${this.target} closed, with ${this.#audience()}`);
    this.#isClosed = true;
    handles.byId.delete(this.#id);
    if (this.#source.latest === undefined) this.#publish(unavailable(`${this.target}: ${CLOSED}`));
  }

  #publish(told: Told): void {
    const what = told.kind === 'failure' ? 'failure' : `${told.endpoints.length} endpoints`;
    const details = told.kind === 'failure' ? `: ${told.failure.details}` : '';
    trace?.(`${this.target} ${what} stored, for ${this.#audience()}${details}`);
    this.#source.publish(told);
  }

  #audience(): string {
    const { size } = this.#source.subscribers;
    return size === 1 ? '1 channel' : `${size} channels`;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Error(`${this.target}: ${CLOSED}`);
  }
}

/** The class that grpc-js is given. */
export const manualResolverClass: ResolverClass = schemeResolver({
  name: MANUAL_SCHEME,
  tracer: TRACER,
  parse: ({ path }) => path,
  authority: ({ authority }) => authority || FALLBACK_AUTHORITY,
  open: (id, channel) => {
    const closed = unavailable(`${channel.target}: ${CLOSED}, or was never created in this process`);
    return new Follower(() => handles.byId.get(id) ?? new Source(closed, 'replay', SILENT), channel);
  },
});

/** Registers the `manual:` scheme; {@link createManualResolver} does it by itself. Idempotent. */
const registerManualResolver: () => void = registration(MANUAL_SCHEME, () => manualResolverClass);
