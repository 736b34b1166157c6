/**
 * Which part of a client's RPCs goes to which zone: the rule of Envoy's zone-aware routing. It takes for granted that all zones
 * have equally many clients, which Envoy counts and a gRPC client cannot. If they all go by it, each endpoint gets the same.
 */

/** How many READY endpoints each zone has that has any endpoints; 0 counts. */
export type ZoneCounts = ReadonlyMap<string, number>;

/**
 * The own zone gets everything while it has at least its part of the READY endpoints, 1 / number of zones; else as much as its
 * endpoints can bear. The rest goes to the zones that have more than their part, in proportion to what they have above it.
 *
 * @param counts at least one of them is not 0
 * @returns the zones that get anything, with their shares, which add up to 1
 */
export function zoneShares(own: string, counts: ZoneCounts): ReadonlyMap<string, number> {
  const zones = new Map([[own, 0], ...counts]);
  const ready = [...zones.values()].reduce((sum, count) => sum + count, 0);
  const fair = ready / zones.size;
  const kept = Math.min(1, (zones.get(own) ?? 0) / fair);
  const shares = new Map<string, number>(kept > 0 ? [[own, kept]] : []);
  // What the others have above their part is at least what the own zone lacks.
  const above = [...zones].filter(([zone, count]) => zone !== own && count > fair);
  const sum = above.reduce((total, [, count]) => total + count - fair, 0);
  if (kept < 1) for (const [zone, count] of above) shares.set(zone, ((1 - kept) * (count - fair)) / sum);
  return shares;
}
