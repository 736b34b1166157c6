/**
 * How often a polling resolver asks, how long it waits, and what an answer may bring: the options and their ranges.
 */
import { show } from '@petiole/service-config/internal';
import { BOUNDS, checkBounds, type EndpointBounds } from '../lookup/bounds.js';

/** How a resolver of your own looks, and what its answers may bring. */
export interface ResolverOptions extends EndpointBounds {
  /**
   * Milliseconds between periodic looks, ±10 % of jitter. From 100 to 86400000 (a day), or Infinity for none.
   * Default 30000. Independent of the rate limit on requests.
   */
  readonly refreshInterval?: number;
  /**
   * Milliseconds after which a resolution is given up. From 10 to 600000. Default 5000. A stall of the event loop counts
   * for at most a sixteenth of them, however long it is: what was answered meanwhile is read first.
   */
  readonly deadline?: number;
  /**
   * Whether endpoints that were there before keep their place in the order, new ones coming last. Default true: DNS
   * servers and catalogues rotate their answers, and a rotation is no change. Nor is one of the addresses within an
   * endpoint, which is its set of addresses. With false, each order is a change and reaches the policy.
   */
  readonly keepOrder?: boolean;
  /**
   * Whether an answer may name Unix sockets, `{ path }`. Default false: they are files of this machine, and a catalogue
   * that comes over the network has no business with them.
   */
  readonly unixSockets?: boolean;
  /** The name for `GRPC_TRACE`. Default `polling_resolver`. */
  readonly tracer?: string;
}

/** The names of the options. */
export const RESOLVER_OPTIONS: readonly string[] = [
  'refreshInterval',
  'deadline',
  'keepOrder',
  'unixSockets',
  'tracer',
  ...BOUNDS,
];

/** All options, within their ranges. */
export type CheckedOptions = Required<ResolverOptions>;

/**
 * Fills in the defaults.
 * @throws {RangeError} that names option, value and bounds; {@link TypeError} on one of a wrong type.
 */
export function checkOptions(options: ResolverOptions): CheckedOptions {
  const {
    refreshInterval = 30_000,
    deadline = 5000,
    keepOrder = true,
    unixSockets = false,
    tracer = 'polling_resolver',
  } = options;
  if (refreshInterval !== Number.POSITIVE_INFINITY && !isWithin(refreshInterval, 100, 86_400_000)) {
    throw new RangeError(
      `refreshInterval must be from 100 to 86400000 ms, or Infinity, got ${show(refreshInterval)}`,
    );
  }
  if (!isWithin(deadline, 10, 600_000)) {
    throw new RangeError(`deadline must be from 10 to 600000 ms, got ${show(deadline)}`);
  }
  for (const [name, value] of Object.entries({ keepOrder, unixSockets })) {
    if (typeof value !== 'boolean') throw new TypeError(`${name} must be true or false, got ${show(value)}`);
  }
  if (typeof tracer !== 'string') throw new TypeError(`tracer must be a string, got ${show(tracer)}`);
  return { refreshInterval, deadline, keepOrder, unixSockets, tracer, ...checkBounds(options) };
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}
