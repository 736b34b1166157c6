/**
 * Long lists that come again with a few endpoints changed: what stays in its place is found by looking at it, without a key or a
 * table for each of thousands.
 */
import type { experimental } from '@grpc/grpc-js';
import { endpointKey } from './identity.js';

type Endpoint = experimental.Endpoint;

/** What two lists have in common. */
export interface SameEnds {
  /** So many begin alike. */
  readonly head: number;
  /** So many end alike, of those behind the head. */
  readonly tail: number;
}

export function sameEnds<One, Other>(
  list: readonly One[],
  other: readonly Other[],
  isSame: (one: One, other: Other) => boolean,
): SameEnds {
  const shorter = Math.min(list.length, other.length);
  const isSameAt = (index: number, before: number): boolean =>
    isSame(list[index] as One, other[before] as Other);
  let head = 0;
  while (head < shorter && isSameAt(head, head)) head++;
  let tail = 0;
  while (tail < shorter - head && isSameAt(list.length - 1 - tail, other.length - 1 - tail)) tail++;
  return { head, tail };
}

/** Whether one of the few is one of the many. The hosts tell of nearly all at once that they are not. */
export function isAnyOf(few: readonly Endpoint[], many: readonly Endpoint[]): boolean {
  if (few.length === 0 || many.length === 0) return false;
  const hosts = new Set(few.flatMap(({ addresses }) => addresses.map(hostOf)));
  const keys = new Set(few.map(endpointKey));
  for (const one of many) {
    const first = one.addresses[0];
    if (first !== undefined && hosts.has(hostOf(first)) && keys.has(endpointKey(one))) return true;
  }
  return false;
}

function hostOf(address: experimental.SubchannelAddress): string {
  return 'port' in address ? address.host : address.path;
}
