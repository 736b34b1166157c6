/** Which policies a run tests, and what is asked of each. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { customRoundRobin, leastRequest } from '@petiole/balancer';
import type { Resolver } from '@petiole/resolver';
import { CATALOGUE_RESOLVER } from './catalogue.js';
import { ILL_AT_THE_END } from './health-service.js';
import { type Bug, buggyPolicy, buggyResolver } from './injected-bugs.js';

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
  };
}

/** Ours beside grpc-js's `round_robin`, which is measured by the same rules. */
export function comparison(): readonly SubjectPlan[] {
  customRoundRobin.register();
  leastRequest.register();
  return [
    roundRobin('custom_round_robin'),
    {
      ...roundRobin('least_request'),
      policy: () => leastRequest(),
      discovery: 'manual',
      repeatCount: undefined,
    },
    {
      ...roundRobin('round_robin'),
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
