/**
 * `zone_first`: RPCs stay in the client's own zone as long as its endpoints can bear them, by the rule of Envoy's zone-aware
 * routing.
 */
import { integer, string } from '@petiole/service-config';
import { EndpointChooser, type PolicyEndpoint, type Rpc } from '../endpoints/endpoint.js';
import { definePolicy } from '../policy/define-policy.js';
import { type Policy, whenUsed } from '../policy/policy-object.js';
import { groupsOf } from './choice/groups.js';
import { leastBusy } from './choice/least-busy.js';
import { isReady } from './choice/rotation.js';
import { type ZoneCounts, zoneShares } from './picking/zone-shares.js';

/** The JSON config of `zone_first`. */
export interface ZoneFirstConfig {
  /** The zone that the client runs in: `eu-west-1a`. Default: the environment variable `PETIOLE_ZONE`; without it, zones do not matter. */
  readonly zone?: string | null;
  /**
   * With fewer READY endpoints than that, all get RPCs, wherever they are: an integer from 1 to 4294967295. Default 6, as
   * in Envoy.
   */
  readonly minimumClusterSize?: number | null;
}

type Endpoint = PolicyEndpoint<undefined>;

const zoneOf = ({ attributes }: Endpoint): string => attributes.zone ?? '';

/** The zones whose clients shall use it, as the resolver of `@petiole/kubernetes` has them from hints; undefined if nobody says. */
function hintsOf({ attributes: { forZones } }: Endpoint): readonly unknown[] | undefined {
  return Array.isArray(forZones) && forZones.length > 0 ? forZones : undefined;
}

/** What is meant for a zone. Nobody where an endpoint has no hint: they count for all or for none, as kube-proxy has it. */
function meantFor(zone: string, ready: readonly Endpoint[], all: readonly Endpoint[]): Endpoint[] {
  if (all.some((endpoint) => hintsOf(endpoint) === undefined)) return [];
  return ready.filter((endpoint) => hintsOf(endpoint)?.includes(zone));
}

/** How many endpoints each zone has, and how many of them are READY. */
function countZones(all: readonly Endpoint[]): ZoneCounts {
  const zones = [...groupsOf(all, zoneOf)];
  return new Map(zones.map(([zone, members]) => [zone, members.filter(isReady).length]));
}

/** An RPC goes to one of some groups at random, by their shares. */
class SharesPicker extends EndpointChooser {
  private readonly parts: ReadonlyArray<{ readonly upTo: number; readonly chooser: EndpointChooser }>;

  /** @param shares of the groups that have one; together 1 */
  constructor(shares: ReadonlyMap<string, number>, ready: readonly Endpoint[]) {
    super();
    const zones = groupsOf(ready, zoneOf);
    let upTo = 0;
    this.parts = [...shares].map(([zone, share]) => {
      upTo += share;
      return { upTo, chooser: leastBusy(zones.get(zone) ?? ready, 2) };
    });
  }

  choose(rpc: Rpc): PolicyEndpoint {
    const drawn = Math.random();
    // Rounding can leave the sum of the shares below 1 by a hair.
    const { chooser } =
      this.parts.find(({ upTo }) => drawn < upTo) ?? (this.parts[0] as (typeof this.parts)[0]);
    return chooser.choose(rpc);
  }
}

/** `zone_first`. */
export const zoneFirst: Policy<ZoneFirstConfig> = whenUsed(() =>
  definePolicy({
    name: 'zone_first',
    fields: { zone: string(), minimumClusterSize: integer({ min: 1, max: 2 ** 32 - 1, default: 6 }) },
    // All stay connected: whoever gets nothing today takes over what another zone loses.
    createPicker(ready, { config, endpoints }) {
      if (ready.length === 0) return undefined;
      const zone = config.zone || process.env.PETIOLE_ZONE;
      if (!zone) return leastBusy(ready, 2);
      const meant = meantFor(zone, ready, endpoints);
      if (meant.length > 0) return leastBusy(meant, 2);
      if (ready.length < config.minimumClusterSize) return leastBusy(ready, 2);
      return new SharesPicker(zoneShares(zone, countZones(endpoints)), ready);
    },
  }),
);
