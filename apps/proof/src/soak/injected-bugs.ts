/**
 * Bugs on purpose, each of which must break one invariant: the proof that the
 * soak would find them. Most are policies.
 */
import { type experimental, type LoadBalancingConfig, connectivityState as State } from '@grpc/grpc-js';
import { definePolicy, failPick, type Policy, queuePick } from '@petiole/balancer';
import type { Invariant } from './violations.js';

/** Each bug, and the invariant that it breaks. */
export const BUGS = {
  'stale-picks': 'ready',
  'uneven-turns': 'ratio',
  'lost-endpoints': 'heal',
  'refused-rpcs': 'failure',
  'lost-deadlines': 'deadline',
  'unclosed-client': 'leftovers',
} as const satisfies Readonly<Record<string, Invariant>>;

export type Bug = keyof typeof BUGS;

export const BUG_NAMES: readonly Bug[] = Object.keys(BUGS) as Bug[];

/** Every so many picks the bug shows. */
const SHOWS_EVERY = 15;

/** Goes on sending to connections that were READY once. A turn is three picks and ends, or grpc-js would pick again for ever. */
const stalePicks = definePolicy<object, { held: Map<object, experimental.PickResult> }>({
  name: 'soak_stale_picks',
  parseConfig: () => ({}),
  createMemory: () => ({ held: new Map() }),
  update({ endpoints, memory, readyCount }) {
    for (const endpoint of endpoints) {
      if (endpoint.state === State.READY) memory.held.set(endpoint, endpoint.pickResult);
    }
    if (readyCount === 0) return undefined;
    const turns = endpoints
      .map((endpoint) => memory.held.get(endpoint))
      .filter((result) => result !== undefined);
    let turn = 0;
    return { pick: () => turns[Math.floor(turn++ / 3) % turns.length] ?? failPick('nobody was ever READY') };
  },
});

/** Takes turns of three, most of the time. */
const unevenTurns = takingTurns('soak_uneven_turns', (pick) => (pick % SHOWS_EVERY === 0 ? 2 : 1));

/** Never comes back to an endpoint that was READY once and then was not. */
const lostEndpoints = definePolicy<object, { served: Set<object>; lost: Set<object> }>({
  name: 'soak_lost_endpoints',
  parseConfig: () => ({}),
  createMemory: () => ({ served: new Set(), lost: new Set() }),
  update({ endpoints, memory: { served, lost }, ready }) {
    for (const endpoint of endpoints) {
      if (endpoint.state === State.READY) served.add(endpoint);
      else if (served.has(endpoint)) lost.add(endpoint);
    }
    const turns = ready().filter((endpoint) => !lost.has(endpoint));
    if (turns.length === 0) return undefined;
    let turn = 0;
    return { pick: () => turns[Math.floor(turn++ / 3) % turns.length]?.pickResult ?? queuePick() };
  },
});

/** Fails an RPC now and then although endpoints are READY. */
const refusedRpcs = takingTurns('soak_refused_rpcs', (pick) => (pick % SHOWS_EVERY === 0 ? undefined : 1));

/** Turns of three; `used` says how much of a turn each pick takes, undefined to fail it. */
function takingTurns(name: string, used: (pick: number) => number | undefined): Policy {
  return definePolicy<object, { picks: number; position: number }>({
    name,
    parseConfig: () => ({}),
    createMemory: () => ({ picks: 0, position: 0 }),
    update({ memory, ready, readyCount }) {
      if (readyCount === 0) return undefined;
      const turns = ready();
      return {
        pick() {
          const step = used(++memory.picks);
          const endpoint = turns[Math.floor(memory.position / 3) % turns.length];
          if (step === undefined || endpoint === undefined) return failPick('refused by an injected bug');
          memory.position += step;
          return endpoint.pickResult;
        },
      };
    },
  });
}

const POLICIES: Partial<Record<Bug, Policy>> = {
  'stale-picks': stalePicks,
  'uneven-turns': unevenTurns,
  'lost-endpoints': lostEndpoints,
  'refused-rpcs': refusedRpcs,
};

/** The policy that has this bug; undefined if it is none of a policy. */
export function buggyPolicy(bug: Bug): LoadBalancingConfig | undefined {
  const policy = POLICIES[bug];
  policy?.register();
  return policy?.config();
}
