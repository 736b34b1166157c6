/**
 * Bugs on purpose, each of which must break one invariant: the proof that the
 * soak would find them. Most are policies, some are resolvers.
 */
import { connect, isIP } from 'node:net';
import type { experimental, LoadBalancingConfig } from '@grpc/grpc-js';
import { definePolicy, failPick, type Policy, type PolicyEndpoint, queuePick } from '@petiole/balancer';
import type { Resolver } from '@petiole/resolver';
import type { Invariant, Violation } from '../findings/violations.js';
import { type AskCatalogue, askCatalogue, catalogueResolver } from '../peers/catalogue.js';

/** Each bug, and the invariant that it breaks. */
export const BUGS = {
  'stale-picks': 'ready',
  'uneven-turns': 'ratio',
  'lost-endpoints': 'heal',
  'refused-rpcs': 'failure',
  'lost-deadlines': 'deadline',
  'hasty-look-ups': 'stall',
  'ended-watches': 'watch',
  'strict-catalogue': 'record',
  'eager-dials': 'storm',
  'unclosed-client': 'leftovers',
} as const satisfies Readonly<Record<string, Invariant>>;

export type Bug = keyof typeof BUGS;

export const BUG_NAMES: readonly Bug[] = Object.keys(BUGS) as Bug[];

/** Has each of these bugs been found? Whether something is left over shows at the end of a run. */
export function allFound(bugs: readonly Bug[], violations: readonly Violation[]): boolean {
  return bugs.every(
    (bug) =>
      BUGS[bug] === 'leftovers' ||
      violations.some(({ subject, invariant }) => subject === bug && invariant === BUGS[bug]),
  );
}

/** Every so many picks the bug shows. */
const SHOWS_EVERY = 15;

/** Goes on sending to connections that were READY once. A turn is three picks and ends, or grpc-js would pick again for ever. */
const stalePicks = definePolicy({
  name: 'soak_stale_picks',
  createMemory: () => ({ held: new Map<object, experimental.PickResult>() }),
  createPicker(ready, { endpoints, memory }) {
    for (const endpoint of endpoints) {
      if (endpoint.state === 'READY') memory.held.set(endpoint, endpoint.pickResult);
    }
    if (ready.length === 0) return undefined;
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
const lostEndpoints = definePolicy({
  name: 'soak_lost_endpoints',
  createMemory: () => ({ served: new Set<object>(), lost: new Set<object>() }),
  createPicker(ready, { endpoints, memory: { served, lost } }) {
    for (const endpoint of endpoints) {
      if (endpoint.state === 'READY') served.add(endpoint);
      else if (served.has(endpoint)) lost.add(endpoint);
    }
    const turns = ready.filter((endpoint) => !lost.has(endpoint));
    if (turns.length === 0) return undefined;
    let turn = 0;
    return { pick: () => turns[Math.floor(turn++ / 3) % turns.length]?.pickResult ?? queuePick() };
  },
});

/** Fails an RPC now and then although endpoints are READY. */
const refusedRpcs = takingTurns('soak_refused_rpcs', (pick) => (pick % SHOWS_EVERY === 0 ? undefined : 1));

/** So many at once, every so many milliseconds; a busy machine makes a tenth of that, which must show too. */
const KNOCKS = 20;
const KNOCKS_EVERY_MS = 20;

/** Dials each endpoint that is not READY by itself, over and over, beside the connections that it is given. */
const eagerDials = definePolicy({
  name: 'soak_eager_dials',
  createMemory: () => new Set<PolicyEndpoint>(),
  createPicker(ready, { endpoints, memory }) {
    for (const endpoint of endpoints) knock(endpoint, memory);
    if (ready.length === 0) return undefined;
    let turn = 0;
    return { pick: () => ready[Math.floor(turn++ / 3) % ready.length]?.pickResult ?? queuePick() };
  },
});

function knock(endpoint: PolicyEndpoint, knocking: Set<PolicyEndpoint>): void {
  if (knocking.has(endpoint) || endpoint.state === 'READY' || endpoint.index < 0) return;
  knocking.add(endpoint);
  const [host, port] = endpoint.name.split(':');
  for (let n = 0; n < KNOCKS; n++) {
    const socket = connect({ host, port: Number(port) });
    socket.on('connect', () => socket.destroy());
    socket.on('error', () => {});
  }
  setTimeout(() => {
    knocking.delete(endpoint);
    knock(endpoint, knocking);
  }, KNOCKS_EVERY_MS);
}

/** Turns of three; `used` says how much of a turn each pick takes, undefined to fail it. */
function takingTurns(name: string, used: (pick: number) => number | undefined): Policy {
  return definePolicy({
    name,
    createMemory: () => ({ picks: 0, position: 0 }),
    createPicker(ready, { memory }) {
      if (ready.length === 0) return undefined;
      return {
        pick() {
          const step = used(++memory.picks);
          const endpoint = ready[Math.floor(memory.position / 3) % ready.length];
          if (step === undefined || endpoint === undefined) return failPick('refused by an injected bug');
          memory.position += step;
          return endpoint.pickResult;
        },
      };
    },
  });
}

const POLICIES = {
  'stale-picks': stalePicks,
  'uneven-turns': unevenTurns,
  'lost-endpoints': lostEndpoints,
  'refused-rpcs': refusedRpcs,
  'eager-dials': eagerDials,
} as const satisfies Partial<Record<Bug, Policy>>;

/** The policy that has this bug. */
export function buggyPolicy(bug: keyof typeof POLICIES): LoadBalancingConfig {
  const policy = POLICIES[bug];
  policy.register();
  return policy();
}

/** Less than the stalls of the fault `newcomer` last. */
const HASTY_MS = 1500;

/** Gives a look-up up when its own timer fires, though the answer is there, unread since the client stood still. */
const askHastily: AskCatalogue = (url, signal) =>
  askCatalogue(url, AbortSignal.any([signal, AbortSignal.timeout(HASTY_MS)]));

/** Refuses the whole answer for one record that is bad. */
const askStrictly: AskCatalogue = async (url, signal) => {
  const records = await askCatalogue(url, signal);
  const bad = records.find(({ host, port }) => isIP(host) === 0 || port === 0);
  if (bad) throw new Error(`${bad.host}:${bad.port} is no address`);
  return records;
};

const RESOLVERS = {
  'hasty-look-ups': catalogueResolver('hasty-look-ups', askHastily),
  'strict-catalogue': catalogueResolver('strict-catalogue', askStrictly),
};

/** The resolver with this bug that asks the catalogue. */
export function buggyResolver(bug: keyof typeof RESOLVERS): Resolver {
  return RESOLVERS[bug];
}
