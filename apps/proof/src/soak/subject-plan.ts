/** Which policies a run tests, and what is asked of each. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import {
  customRoundRobin,
  leastRequest,
  registerCustomRoundRobin,
  registerLeastRequest,
} from '@petiole/balancer';
import { type Bug, buggyPolicy } from './injected-bugs.js';

export interface SubjectPlan {
  /** The policy's name, or the injected bug's. */
  readonly name: string;
  readonly policy: LoadBalancingConfig;
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

/** `readyTimeout` as in production: the run begins with all endpoints READY, and channels never go idle. */
function roundRobin(name: string): SubjectPlan {
  return {
    name,
    policy: customRoundRobin({ repeatCount: REPEAT_COUNT, readyTimeout: '5s' }),
    tellsEvents: true,
    judged: true,
    repeatCount: REPEAT_COUNT,
  };
}

/** Ours beside grpc-js's `round_robin`, which is measured by the same rules. */
export function comparison(): readonly SubjectPlan[] {
  registerCustomRoundRobin();
  registerLeastRequest();
  return [
    roundRobin('custom_round_robin'),
    { ...roundRobin('least_request'), policy: leastRequest(), repeatCount: undefined },
    { name: 'round_robin', policy: { round_robin: {} }, tellsEvents: false, judged: false, repeatCount: 1 },
  ];
}

/** `custom_round_robin` as it is, beside one with each bug. */
export function withBugs(bugs: readonly Bug[]): readonly SubjectPlan[] {
  registerCustomRoundRobin();
  const sound = roundRobin('custom_round_robin');
  return [
    sound,
    ...bugs.map(
      (bug): SubjectPlan => ({
        ...sound,
        name: bug,
        policy: buggyPolicy(bug) ?? sound.policy,
        losesDeadlines: bug === 'lost-deadlines',
        staysOpen: bug === 'unclosed-client',
      }),
    ),
  ];
}
