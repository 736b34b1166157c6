/**
 * How much an answer of DNS or of a catalogue may bring. Twice as many addresses stop the event loop for four times as
 * long (fact R14).
 */
import { isIPv6 } from 'node:net';
import { quote } from '@petiole/service-config/internal';

/** The most that an answer brings to a channel. What is beyond is left out, and said in a note and in the log. */
export interface EndpointBounds {
  /** Endpoints; those that were there before count first. From 1 to 1000000. Default 1000. */
  readonly maxEndpoints?: number;
  /** Addresses of one endpoint; the same ones stay, in whatever order they come. From 1 to 1000000. Default 32. */
  readonly maxAddressesPerEndpoint?: number;
  /** Addresses of all endpoints together. From 1 to 1000000. Default twice `maxEndpoints`. */
  readonly maxAddresses?: number;
}

export const BOUNDS = ['maxEndpoints', 'maxAddressesPerEndpoint', 'maxAddresses'] as const;

/** The most that the options allow, and the bound of what a program lists itself. */
export const NO_BOUND = 1_000_000;

/**
 * The first entries that the bounds have room for. What the addresses belong to is not looked at, so that a long list
 * may stand behind many entries without ever being copied for each.
 * @param count tells how many addresses an entry has.
 * @param total how many all have, where that is known: as long as they have room, nobody looks at each.
 */
export function withinBounds<Entry>(
  entries: readonly Entry[],
  count: (entry: Entry) => number,
  { maxEndpoints, maxAddresses }: Required<EndpointBounds>,
  total: number = Number.POSITIVE_INFINITY,
): { readonly kept: readonly Entry[]; readonly leftOut: string } {
  if (entries.length <= maxEndpoints && total <= maxAddresses) return { kept: entries, leftOut: '' };
  let addresses = 0;
  let kept = 0;
  for (const entry of entries.slice(0, maxEndpoints)) {
    addresses += count(entry);
    if (addresses > maxAddresses) break;
    kept += 1;
  }
  if (kept === entries.length) return { kept: entries, leftOut: '' };
  const bound = kept === maxEndpoints ? `maxEndpoints is ${maxEndpoints}` : `maxAddresses is ${maxAddresses}`;
  const leftOut = `${entries.length - kept} of ${entries.length} endpoints are left out: ${bound}`;
  return { kept: entries.slice(0, kept), leftOut };
}

/** The first addresses of a host, half of them of each family where both have as many. */
export function firstAddresses(addresses: readonly string[], most: number): readonly string[] {
  if (addresses.length <= most) return addresses;
  const ipv6 = addresses.filter((address) => isIPv6(address));
  const ipv4 = addresses.filter((address) => !isIPv6(address));
  const ofIPv4 = Math.min(ipv4.length, Math.max(Math.floor(most / 2), most - ipv6.length));
  return [...ipv6.slice(0, most - ofIPv4), ...ipv4.slice(0, ofIPv4)];
}

/** Why a host has fewer addresses than DNS gave; empty when it has all. */
export function cutNote(host: string, used: number, found: number): string {
  return used === found ? '' : `${quote(host)} has ${found} addresses, of which ${used} are used`;
}
