/**
 * How often a polling resolver asks, how long it waits, and what an answer may bring: the options and their ranges.
 */
import { isInteger, show } from '@petiole/service-config/internal';
import { type EndpointBounds, NO_BOUND } from '../lookup/bounds.js';

/** How a resolver of your own looks, and what its answers may bring. */
export interface ResolverOptions extends EndpointBounds {
  /**
   * Milliseconds between periodic looks, ±10 % of jitter. From 100 to 86400000 (a day), or Infinity for none.
   * Default 30000. Independent of the rate limit on requests.
   */
  readonly refreshInterval?: number;
  /**
   * Milliseconds after which a resolution is given up, or a watch that has said nothing. From 10 to 600000. Default 5000. A stall of the event loop counts
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
  /** The name for `GRPC_TRACE`. Default `polling_resolver`, for a resolver that watches `watching_resolver`. */
  readonly tracer?: string;
}

/** All options, within their ranges. */
export type CheckedOptions = Required<ResolverOptions>;

/** What an option may be, as a message has it. */
type Allowed = readonly [ErrorConstructor, range: string, has: (value: unknown) => boolean];

const COUNT: Allowed = [
  RangeError,
  `an integer from 1 to ${NO_BOUND}`,
  (value) => isInteger(value, 1, NO_BOUND),
];
const FLAG: Allowed = [TypeError, 'true or false', (value) => typeof value === 'boolean'];

const OPTIONS: Readonly<Record<keyof ResolverOptions, Allowed>> = {
  refreshInterval: [
    RangeError,
    'from 100 to 86400000 ms, or Infinity',
    (value) => value === Number.POSITIVE_INFINITY || isWithin(value, 100, 86_400_000),
  ],
  deadline: [RangeError, 'from 10 to 600000 ms', (value) => isWithin(value, 10, 600_000)],
  keepOrder: FLAG,
  unixSockets: FLAG,
  tracer: [TypeError, 'a string', (value) => typeof value === 'string'],
  maxEndpoints: COUNT,
  maxAddressesPerEndpoint: COUNT,
  maxAddresses: COUNT,
};

/** The names of the options. */
export const RESOLVER_OPTIONS: readonly string[] = Object.keys(OPTIONS);

/**
 * Fills in the defaults.
 * @throws {RangeError} that names option, value and range; {@link TypeError} on one of a wrong type.
 */
export function checkOptions(options: ResolverOptions): CheckedOptions {
  const {
    refreshInterval = 30_000,
    deadline = 5000,
    keepOrder = true,
    unixSockets = false,
    tracer = 'polling_resolver',
    maxEndpoints = 1000,
    maxAddressesPerEndpoint = 32,
    maxAddresses = Math.min(2 * maxEndpoints, NO_BOUND),
  } = options;
  const bounds = { maxEndpoints, maxAddressesPerEndpoint, maxAddresses };
  const checked = { refreshInterval, deadline, keepOrder, unixSockets, tracer, ...bounds };
  for (const [name, value] of Object.entries(checked)) {
    const [Wrong, range, has] = OPTIONS[name as keyof ResolverOptions];
    if (!has(value)) throw new Wrong(`${name} must be ${range}, got ${show(value)}`);
  }
  // The first endpoint must fit in, whatever it brings.
  return { ...checked, maxAddressesPerEndpoint: Math.min(maxAddressesPerEndpoint, maxAddresses) };
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}
