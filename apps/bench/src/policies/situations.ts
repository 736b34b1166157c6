/** What policies are put to: fleets in which one server is odd, the RPCs that come, and who is compared. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { KEY_HEADER, type Load } from './load.js';
import type { Behaviour } from './server-process.js';

export interface Candidate {
  readonly name: string;
  readonly policy: LoadBalancingConfig;
}

export const named = (policy: LoadBalancingConfig): Candidate => ({
  name: Object.keys(policy)[0] ?? '',
  policy,
});

export const ROUND_ROBIN: Candidate = named({ round_robin: {} });
export const LEAST_REQUEST: Candidate = named({ least_request: {} });
export const PEAK_EWMA: Candidate = named({ peak_ewma: {} });
export const WEIGHTED: Candidate = named({ static_weighted_round_robin: {} });
export const CUSTOM: Candidate = named({ custom_round_robin: {} });
const RING_HASH = named({ ring_hash_experimental: { requestHashHeader: KEY_HEADER } });

/** The first one is that of grpc-js. */
const ALL = [ROUND_ROBIN, CUSTOM, WEIGHTED, LEAST_REQUEST, PEAK_EWMA, RING_HASH];

/** A failed RPC counts as one that took so long: nobody is fast by failing. */
export const DEADLINE_MS = 300;
/** How long a server takes that is not odd. */
export const USUAL_MS = 5;
const COLD_MS = 60;
/** The window in which a new server becomes warm, and in which slow start spares it. */
export const WINDOW_MS = 2000;

export interface Situation {
  readonly name: string;
  /** The first one is the odd one. */
  readonly servers: readonly [Behaviour, ...Behaviour[]];
  /** The odd one's share, if the policy did best by it; of several that are right, the greatest. */
  readonly fairShare: number;
  readonly load: (quick: boolean) => Load;
  readonly candidates: readonly Candidate[];
  /** Default 1. */
  readonly clients?: number;
  /** The odd one joins when the others run. */
  readonly joins?: boolean;
  /** What the resolver says of it. */
  readonly weight?: number;
  readonly methodConfig?: readonly object[];
}

const usual: Behaviour = { does: 'answer', ms: USUAL_MS };
const some = (count: number, behaviour: Behaviour = usual): Behaviour[] => Array(count).fill(behaviour);

const steady =
  (perSecond: number, ms = 1500) =>
  (quick: boolean): Load => ({ perSecond, ms: quick ? ms / 10 : ms });
const crowd = (quick: boolean): Load => ({ atOnce: 25, rpcs: quick ? 100 : 1000 });

/** With two slots it answers 400 RPCs a second at most. */
const sized = (slots: number): Behaviour => ({ does: 'answer', ms: USUAL_MS, slots });

const retries = [
  {
    name: [{}],
    retryPolicy: {
      maxAttempts: 3,
      initialBackoff: '0.010s',
      maxBackoff: '0.100s',
      backoffMultiplier: 2,
      retryableStatusCodes: ['UNAVAILABLE'],
    },
  },
];
const hedges = [{ name: [{}], hedgingPolicy: { maxAttempts: 2, hedgingDelay: '0.020s' } }];

const slowStart = { window: `${WINDOW_MS / 1000}s` };
const SLOW_STARTS: readonly Candidate[] = [
  { name: 'least_request, slowStart', policy: { least_request: { slowStart } } },
  { name: 'peak_ewma, slowStart', policy: { peak_ewma: { slowStart } } },
];

export const SITUATIONS = {
  equal: {
    name: 'Six equal servers',
    servers: [usual, ...some(5)],
    fairShare: 1 / 6,
    load: steady(800, 2500),
    candidates: ALL,
  },
  slow: {
    name: 'One of six is slow: 60 ms, the others 5',
    servers: [{ does: 'answer', ms: 60 }, ...some(5)],
    fairShare: 0,
    load: steady(800, 2500),
    candidates: ALL,
  },
  failing: {
    name: 'One of three fails at once',
    servers: [{ does: 'fail at once' }, ...some(2)],
    fairShare: 0,
    load: steady(600),
    candidates: ALL,
  },
  retried: {
    name: 'The same with retries: maxAttempts 3, 25 RPCs at a time',
    servers: [{ does: 'fail at once' }, ...some(2)],
    fairShare: 0,
    load: crowd,
    candidates: ALL,
    methodConfig: retries,
  },
  hanging: {
    name: 'One of three hangs',
    servers: [{ does: 'hang' }, ...some(2)],
    fairShare: 0,
    load: steady(600),
    candidates: ALL,
  },
  hedged: {
    name: 'The same with a hedge after 20 ms',
    servers: [{ does: 'hang' }, ...some(2)],
    fairShare: 0,
    load: steady(600),
    candidates: ALL,
    methodConfig: hedges,
  },
  joining: {
    name: `A cold server joins three others: ${COLD_MS} ms at first, ${USUAL_MS} after ${WINDOW_MS / 1000} s`,
    servers: [{ does: 'answer', ms: USUAL_MS, cold: { ms: COLD_MS, warmAfterMs: WINDOW_MS } }, ...some(3)],
    fairShare: 1 / 4,
    load: steady(600, WINDOW_MS),
    candidates: [...ALL, ...SLOW_STARTS],
    joins: true,
  },
  larger: {
    name: 'One of three is of twice the size, and nobody says so',
    servers: [sized(4), sized(2), sized(2)],
    fairShare: 1 / 2,
    load: steady(900),
    candidates: ALL,
  },
  weighted: {
    name: 'One of three is of twice the size, and the resolver gives it weight 2',
    servers: [sized(4), sized(2), sized(2)],
    fairShare: 1 / 2,
    load: steady(900),
    candidates: ALL,
    weight: 2,
  },
  many: {
    name: 'Ten clients on two servers',
    servers: [sized(4), sized(4)],
    fairShare: 1 / 2,
    load: steady(900),
    candidates: ALL,
    clients: 10,
  },
} as const satisfies Record<string, Situation>;

export type SituationName = keyof typeof SITUATIONS;
