/**
 * Which endpoint of a new list is which one of before. Its set of addresses tells (gRFC A61); one whose set is new, as it
 * has gained or lost an address, goes on as one that it has an address in common with. What belongs to an endpoint, such
 * as the counts of its RPCs, then stays with it.
 */
import type { experimental } from '@grpc/grpc-js';
import {
  addressKey,
  endpointKey,
  type Fingerprints,
  type SameEnds,
  sameAddresses,
  sameEnds,
} from '@petiole/service-config/internal';

type Endpoint = experimental.Endpoint;
type Addresses = readonly experimental.SubchannelAddress[];

/** An endpoint of before. */
export interface Known {
  readonly endpoint: Endpoint;
  /** The addresses that its connection may go to: one, as a rule; none while there is no connection. */
  readonly connectedTo: Addresses;
}

/** An endpoint of the new list, and who it is. */
export type Match<Child, Gone> =
  | { readonly is: 'same'; readonly endpoint: Endpoint; readonly child: Child }
  /** It has other addresses, and the one that it is connected to among them. */
  | { readonly is: 'changed'; readonly endpoint: Endpoint; readonly child: Child }
  /** It has no connection, but perhaps what belonged to another one. */
  | { readonly is: 'new'; readonly endpoint: Endpoint; readonly former: Child | Gone | undefined };

/** A list beside the children of the last one. */
export interface Matches<Child, Gone> extends SameEnds {
  /** What stands between in the list, each endpoint once. */
  readonly between: readonly Match<Child, Gone>[];
  /** Those of the list, each endpoint once. */
  readonly fingerprints: Fingerprints;
  /** Children of the last list that are in none of the matches but as `former`. */
  readonly leaving: ReadonlySet<Child>;
}

/**
 * Matches each endpoint of a list, which may name it twice, with one of the last list or with one that has left earlier. As a
 * rule a few of very many are others: those that stay in their place cost a comparison, and no key.
 * @param fingerprints those of the children
 * @param ends where the list and the children are the same
 */
export function matchEndpoints<Child extends Known, Gone extends Known>(
  list: readonly Endpoint[],
  children: readonly Child[],
  gone: readonly Gone[],
  fingerprints: Fingerprints,
  ends: SameEnds = unchangedEnds(list, children),
): Matches<Child, Gone> {
  const { head, tail } = ends;
  const named = new Map<string, Endpoint>();
  for (const endpoint of list.slice(head, list.length - tail)) {
    const key = endpointKey(endpoint);
    if (endpoint.addresses.length > 0 && !named.has(key)) named.set(key, endpoint);
  }
  const replaced = fingerprints.replaced(ends, [...named.keys()]);
  // A list that names an endpoint twice is looked at as a whole: it has the place where it is named first.
  if (replaced === undefined) return matchEndpoints(list, children, gone, fingerprints, { head: 0, tail: 0 });
  const leaving = new Set(children.slice(head, children.length - tail));
  // Made anew on each change of the list: kept, the keys would be memory of every endpoint.
  const known = new Map([...leaving].map((child) => [endpointKey(child.endpoint), child]));
  const matches = new Map<string, Match<Child, Gone>>();
  const newcomers: Endpoint[] = [];
  for (const [key, endpoint] of named) {
    const child = known.get(key);
    if (child === undefined) newcomers.push(endpoint);
    else leaving.delete(child);
    matches.set(key, child ? { is: 'same', endpoint, child } : { is: 'new', endpoint, former: undefined });
  }
  for (const [endpoint, former] of successions<Child | Gone>(newcomers, [...leaving, ...gone])) {
    const goesOn = leaving.has(former as Child) && keepsConnection(former, endpoint);
    if (goesOn) leaving.delete(former as Child);
    matches.set(
      endpointKey(endpoint),
      goesOn ? { is: 'changed', endpoint, child: former as Child } : { is: 'new', endpoint, former },
    );
  }
  return { head, tail, between: [...matches.values()], fingerprints: replaced, leaving };
}

function unchangedEnds(list: readonly Endpoint[], children: readonly Known[]): SameEnds {
  return sameEnds(list, children, (endpoint, { endpoint: before }) => {
    return endpoint === before || sameAddresses(endpoint, before);
  });
}

function keepsConnection({ connectedTo: addresses }: Known, endpoint: Endpoint): boolean {
  const keys = new Set(endpoint.addresses.map(addressKey));
  return addresses.length > 0 && addresses.every((address) => keys.has(addressKey(address)));
}

/**
 * In the resolver's order, each newcomer goes on as the first one whose connection goes to one of its addresses; those
 * that find none, as the first that has an address in common with them. Each goes on once: of two that become one, the
 * other ends; of the parts of one that splits, the others begin anew.
 */
function successions<Former extends Known>(
  newcomers: readonly Endpoint[],
  formers: readonly Former[],
): ReadonlyMap<Endpoint, Former> {
  const found = new Map<Endpoint, Former>();
  const free = new Set(formers);
  for (const addressesOf of [connectedTo, allAddresses]) {
    if (free.size === 0) break;
    const places = placesOf(free, addressesOf);
    for (const newcomer of newcomers) {
      if (found.has(newcomer)) continue;
      const former = firstAt(newcomer.addresses, places);
      if (former === undefined) continue;
      found.set(newcomer, former);
      free.delete(former);
      for (const address of addressesOf(former)) places.get(addressKey(address))?.delete(former);
    }
  }
  return found;
}

const connectedTo = ({ connectedTo: addresses }: Known): Addresses => addresses;
const allAddresses = ({ endpoint }: Known): Addresses => endpoint.addresses;

/** Who is at which address. */
type Places<Former> = ReadonlyMap<string, Set<Former>>;

function placesOf<Former>(
  formers: Iterable<Former>,
  addressesOf: (former: Former) => Addresses,
): Places<Former> {
  const places = new Map<string, Set<Former>>();
  for (const former of formers) {
    for (const address of addressesOf(former)) {
      const key = addressKey(address);
      places.set(key, (places.get(key) ?? new Set()).add(former));
    }
  }
  return places;
}

function firstAt<Former>(addresses: Addresses, places: Places<Former>): Former | undefined {
  for (const address of addresses) {
    const [first] = places.get(addressKey(address)) ?? [];
    if (first !== undefined) return first;
  }
  return undefined;
}
