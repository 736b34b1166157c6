/**
 * New clients, made in the midst of a fault: one for each policy, each with
 * enough RPCs at once that every endpoint must get its share of them.
 */

import { rotationError } from '../findings/rotation-check.js';
import type { Invariant } from '../findings/violations.js';
import type { Catalogue } from '../peers/catalogue.js';
import type { CatalogueRecord } from '../peers/discovery.js';
import { unary } from '../subject/load.js';
import { Subject, type Surroundings } from '../subject/subject.js';

/** The stalls of the fault `newcomer` last longer than this. */
const READY_TIMEOUT = '2s';
/** Longer than two stalls, a look-up and a connection attempt take. */
const DEADLINE_MS = 20_000;
/** Two rotations of five endpoints. */
const RPCS = 30;

export interface Situation {
  /** What new clients break that are not served. */
  readonly invariant: Invariant;
  /** The endpoints that the catalogue lists for them, in its order. */
  readonly order: readonly string[];
  readonly bad?: readonly CatalogueRecord[];
  /** Stops the event loop: during the first look-up, and when all have begun to connect. */
  readonly standStill?: () => void;
}

/** One new client for each of these, over the catalogue; waits until their RPCs have ended, and judges them. */
export async function serveNewcomers(
  elders: readonly Subject[],
  catalogue: Catalogue,
  around: Surroundings,
  { invariant, order, bad, standStill }: Situation,
): Promise<void> {
  const newcomers = elders.map((elder) => {
    const { discovery } = elder.plan;
    const own = catalogue.follow(order, bad, discovery === 'manual' ? undefined : discovery);
    const subject = new Subject(elder.plan, own, around, READY_TIMEOUT);
    const asked = standStill && own.asked();
    const peers = Promise.all(Array.from({ length: RPCS }, () => unary(subject, undefined, DEADLINE_MS)));
    return { elder, subject, asked, peers };
  });
  if (standStill) {
    await Promise.all(newcomers.map(({ asked }) => asked));
    standStill();
    // The attempts of one whose look-up failed do not begin before its RPCs end.
    await Promise.all(newcomers.map(({ subject, peers }) => Promise.race([subject.ready?.attempted, peers])));
    standStill();
  }
  for (const { elder, subject, peers } of newcomers) {
    const { waitsForAll, repeatCount } = subject.plan;
    const wrong = shareError(await peers, order, waitsForAll ? repeatCount : undefined);
    subject.inspect(true);
    if (wrong) subject.broke(invariant, `a new client: ${wrong}`);
    elder.totals.newClients++;
    if (!wrong) elder.totals.wellServedClients++;
    subject.close();
  }
}

function shareError(
  peers: readonly (string | undefined)[],
  order: readonly string[],
  repeatCount: number | undefined,
): string | undefined {
  const answered = peers.filter((peer) => peer !== undefined);
  if (answered.length < peers.length) {
    return `${peers.length - answered.length} of its first ${peers.length} RPCs failed`;
  }
  return repeatCount === undefined ? undefined : rotationError(answered, order, repeatCount);
}
