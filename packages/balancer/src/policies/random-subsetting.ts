/**
 * `random_subsetting` (gRFC A68): each client connects to a few of the servers, chosen by a random number of its own, so that
 * a large fleet of clients is no crowd of connections to each server.
 */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { integer } from '@petiole/service-config';
import { defineWrapper } from '../policy/define-wrapper.js';
import { type Policy, whenUsed } from '../policy/policy-object.js';
import { chooseSubset } from './picking/rendezvous.js';
import { randomHash } from './picking/xxh64.js';

/** The JSON config of `random_subsetting`. */
export interface RandomSubsettingConfig {
  /** How many endpoints a client connects to: an integer from 1 to 4294967295. It must be given. */
  readonly subsetSize?: number | null;
  /** The policy that chooses among them, e.g. `[leastRequest()]`. It must be given. */
  readonly childPolicy?: readonly LoadBalancingConfig[] | null;
}

/** `random_subsetting`, also under its name in grpc-go. */
export const randomSubsetting: Policy<RandomSubsettingConfig> = whenUsed(() =>
  defineWrapper({
    name: 'random_subsetting',
    aliases: ['random_subsetting_experimental'],
    fields: { subsetSize: integer({ min: 1, max: 2 ** 32 - 1 }) },
    check({ subsetSize }) {
      if (subsetSize === undefined)
        throw new RangeError('subsetSize must be an integer from 1 to 4294967295, got nothing');
    },
    // One number for the life of a client's policy: a list that grows by one endpoint changes the subset by at most one.
    createMemory: () => ({ seed: randomHash() }),
    select: (endpoints, { config: { subsetSize = 1 }, memory: { seed } }) =>
      chooseSubset(endpoints, subsetSize, seed),
  }),
);
