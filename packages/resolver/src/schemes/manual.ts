/**
 * Endpoints from a program: a handle whose target any number of channels follow. Twin of grpc-go's `resolver/manual`.
 */
import { sharedByCopies, tracer } from '@petiole/service-config/internal';
import { type ResolverClass, registration } from '../grpc-js/registration.js';
import { follow } from '../resolving/follower.js';
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
  registration(MANUAL_SCHEME, () => manualResolverClass)();
  const { serverName, endpoints, ...config } = options;
  if (endpoints === undefined && config.serviceConfig !== undefined) {
    throw new Error(`${where}: serviceConfig needs endpoints beside it`);
  }
  const latest = endpoints === undefined ? undefined : readState({ endpoints, ...config }, where);
  const first = latest?.endpoints[0]?.addresses[0];
  const authority = first && !('path' in first) ? authorityOf(first) : FALLBACK_AUTHORITY;
  return handle(serverName ?? authority, latest);
}

function handle(authority: string, latest: Told | undefined): ManualResolver {
  const id = String(++handles.lastId);
  const target = `${MANUAL_SCHEME}://${checkAuthority(authority)}/${id}`;
  const source = new Source(latest, 'replay', SILENT);
  handles.byId.set(id, source);

  const audience = (): string => {
    const { size } = source.subscribers;
    return size === 1 ? '1 channel' : `${size} channels`;
  };
  const assertOpen = (): void => {
    if (!handles.byId.has(id)) throw new Error(`${target}: ${CLOSED}`);
  };
  const publish = (told: Told): void => {
    const what = told.kind === 'failure' ? 'failure' : `${told.endpoints.length} endpoints`;
    const details = told.kind === 'failure' ? `: ${told.failure.details}` : '';
    trace?.(`${target} ${what} stored, for ${audience()}${details}`);
    source.publish(told);
  };

  return {
    target,
    update(state) {
      assertOpen();
      publish(readState(state, `${target}: update`));
    },
    fail(failure) {
      assertOpen();
      publish(readFailure(failure, target));
    },
    close() {
      if (!handles.byId.delete(id)) return;
      trace?.(`${target} closed, with ${audience()}`);
      if (source.latest === undefined) publish(unavailable(`${target}: ${CLOSED}`));
    },
  };
}

/** The class that grpc-js is given. */
export const manualResolverClass: ResolverClass = schemeResolver({
  name: MANUAL_SCHEME,
  tracer: TRACER,
  parse: ({ path }) => path,
  authority: ({ authority }) => authority || FALLBACK_AUTHORITY,
  open: (id, channel) => {
    const closed = unavailable(`${channel.target}: ${CLOSED}, or was never created in this process`);
    return follow(() => handles.byId.get(id) ?? new Source(closed, 'replay', SILENT), channel);
  },
});
