/** Which policies a run tests, and what is asked of each. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import {
  customRoundRobin,
  leastRequest,
  peakEwma,
  requestLimit,
  ringHash,
  staticWeightedRoundRobin,
} from '@petiole/balancer';
import type { Resolver } from '@petiole/resolver';
import { CATALOGUE_RESOLVER } from '../peers/catalogue.js';
import { ILL_AT_THE_END } from '../peers/health-service.js';
import { type Bug, buggyPolicy, buggyResolver } from './injected-bugs.js';
import { RPC_ID_KEY } from './observer-policy.js';

export interface SubjectPlan {
  /** The policy's name, or the injected bug's. */
  readonly name: string;
  /** `readyTimeout` is for policies that have it. */
  readonly policy: (readyTimeout: string) => LoadBalancingConfig;
  /** What asks the catalogue, or `manual`. */
  readonly discovery: Resolver | 'manual';
  /** The service whose health is watched. */
  readonly healthService: string;
  /** Does it publish `petiole.endpoint.state`? */
  readonly tellsEvents: boolean;
  /** Does the run fail when it breaks an invariant? */
  readonly judged: boolean;
  /** The length of a turn, where there are turns. */
  readonly repeatCount: number | undefined;
  /** Does a new client wait for all endpoints? Its first RPCs go in turns then. */
  readonly waitsForAll: boolean;
  /** Injected bugs. */
  readonly losesDeadlines?: boolean;
  readonly staysOpen?: boolean;
}

const REPEAT_COUNT = 3;

function roundRobin(name: string): SubjectPlan {
  return {
    name,
    policy: (readyTimeout) => customRoundRobin({ repeatCount: REPEAT_COUNT, readyTimeout }),
    discovery: CATALOGUE_RESOLVER,
    healthService: '',
    tellsEvents: true,
    judged: true,
    repeatCount: REPEAT_COUNT,
    waitsForAll: true,
  };
}

/** Ours beside grpc-js's `round_robin`, which is measured by the same rules. */
export function comparison(): readonly SubjectPlan[] {
  for (const policy of [
    customRoundRobin,
    leastRequest,
    peakEwma,
    requestLimit,
    ringHash,
    staticWeightedRoundRobin,
  ])
    policy.register();
  const turns = roundRobin('custom_round_robin');
  const eager: SubjectPlan = { ...turns, repeatCount: undefined, waitsForAll: false };
  return [
    turns,
    {
      ...eager,
      name: 'least_request',
      policy: () => leastRequest(),
      discovery: 'manual',
    },
    {
      ...eager,
      name: 'peak_ewma',
      // An endpoint that was frozen for seconds is tried again within the time in which healed ones must serve.
      policy: () => peakEwma({ decayTime: '1s' }),
    },
    {
      ...eager,
      name: 'static_weighted_round_robin',
      policy: () => staticWeightedRoundRobin(),
      repeatCount: 1,
    },
    {
      ...eager,
      name: 'ring_hash_experimental',
      // Each RPC has a key of its own: they go everywhere.
      policy: () => ringHash({ requestHashHeader: RPC_ID_KEY }),
    },
    {
      ...turns,
      name: 'request_limit',
      // What one endpoint gets while it is frozen reaches the limit. The turns are those of the policy inside.
      policy: (readyTimeout) => requestLimit({ maxRequests: 20, childPolicy: [turns.policy(readyTimeout)] }),
    },
    {
      ...eager,
      name: 'round_robin',
      policy: () => ({ round_robin: {} }),
      tellsEvents: false,
      judged: false,
      repeatCount: 1,
    },
  ];
}

/** `custom_round_robin` as it is, beside one with each bug. */
export function withBugs(bugs: readonly Bug[]): readonly SubjectPlan[] {
  customRoundRobin.register();
  const sound = roundRobin('custom_round_robin');
  return [sound, ...bugs.map((bug) => withBug(bug, sound))];
}

function withBug(bug: Bug, sound: SubjectPlan): SubjectPlan {
  switch (bug) {
    case 'lost-deadlines':
      return { ...sound, name: bug, losesDeadlines: true };
    case 'unclosed-client':
      return { ...sound, name: bug, staysOpen: true };
    case 'ended-watches':
      return { ...sound, name: bug, healthService: ILL_AT_THE_END };
    case 'hasty-look-ups':
    case 'strict-catalogue':
      return { ...sound, name: bug, discovery: buggyResolver(bug) };
    default:
      return { ...sound, name: bug, policy: () => buggyPolicy(bug) };
  }
}
