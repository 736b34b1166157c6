/**
 * All slices of a Service as endpoints: the addresses of a pod are one endpoint, in whatever slices they stand. The control
 * plane moves pods between slices, and a pod may be in two of them for a while. One slice of many changes, as a rule, and a few
 * addresses in it: only these are looked at, and the slices that have the same pods.
 */
import { isIPv6 } from 'node:net';
import { quote, sameEnds } from '@petiole/service-config/internal';
import {
  type PodEndpoint,
  podEndpoint,
  portName,
  type Readiness,
  type Slice,
  type SliceAddress,
} from './slice.js';

export interface FoundEndpoints {
  readonly endpoints: readonly PodEndpoint[];
  /** Why there is none; empty where there are. */
  readonly reason: string;
}

/** A slice beside the others. */
interface Place {
  readonly name: string;
  addresses: readonly SliceAddress[];
  /** Endpoints of ready pods that stand here; undefined while they are to be collected. */
  ready: readonly PodEndpoint[] | undefined;
}

/** An address, and the slice that it is in. */
interface Standing {
  readonly place: Place;
  readonly address: SliceAddress;
}

export class ServiceEndpoints {
  readonly #port: number | string;
  #places: ReadonlyMap<string, Place> = new Map();
  readonly #byPod: Standings = new Standings(({ pod }) => pod);
  readonly #byKey: Standings = new Standings(({ key }) => key);

  /** @param port the one that the slices are read for. */
  constructor(port: number | string) {
    this.#port = port;
  }

  /** @param slices all there are now, in the order of their names. */
  of(slices: ReadonlyMap<string, Slice>): FoundEndpoints {
    this.#take(slices);
    const places = [...this.#places.values()];
    const collect = this.#collector('ready');
    for (const place of places) place.ready ??= collect(place);
    const none: readonly PodEndpoint[] = [];
    let endpoints = none.concat(...places.map(({ ready = none }) => ready));
    if (endpoints.length === 0) endpoints = places.flatMap(this.#collector('draining'));
    return { endpoints, reason: endpoints.length > 0 ? '' : whyNone([...slices.values()], this.#port) };
  }

  #take(slices: ReadonlyMap<string, Slice>): void {
    const [come, gone]: [Standing[], Standing[]] = [[], []];
    const take = (place: Place, addresses: readonly SliceAddress[]): void => {
      const { addresses: before } = place;
      if (addresses === before) return;
      const { head, tail } = sameEnds(before, addresses, Object.is);
      for (const address of before.slice(head, before.length - tail)) gone.push({ place, address });
      for (const address of addresses.slice(head, addresses.length - tail)) come.push({ place, address });
      place.addresses = addresses;
    };
    for (const [name, place] of this.#places) if (!slices.has(name)) take(place, []);
    const places = new Map<string, Place>();
    for (const [name, { addresses }] of slices) {
      const place = this.#places.get(name) ?? { name, addresses: [], ready: undefined };
      take(place, addresses);
      places.set(name, place);
    }
    this.#places = places;
    this.#byPod.change(come, gone);
    this.#byKey.change(come, gone);
    this.#outdate([...come, ...gone]);
  }

  /** Addresses that come or go may make other endpoints of their pods, and of those that have the same addresses. */
  #outdate(changed: readonly Standing[]): void {
    for (const { place } of changed) place.ready = undefined;
    const pods = new Set(changed.map(({ address }) => address.pod));
    for (const key of new Set(changed.map(({ address }) => address.key))) {
      for (const { address } of this.#byKey.of(key)) pods.add(address.pod);
    }
    for (const pod of pods) for (const { place } of this.#byPod.of(pod)) place.ready = undefined;
  }

  /** Collects the endpoints of a slice: a pod stands where its first address does. */
  #collector(wanted: Readiness): (place: Place) => readonly PodEndpoint[] {
    const known = new Map<string, readonly SliceAddress[]>();
    const addressesOf = (pod: string): readonly SliceAddress[] => {
      const addresses = this.#byPod.of(pod).map(({ address }) => address);
      return addresses.filter((address) => this.#counts(address, wanted));
    };
    return ({ addresses }) =>
      addresses.flatMap((address) => {
        const all = known.get(address.pod) ?? addressesOf(address.pod);
        known.set(address.pod, all);
        return all[0] === address ? all.map(({ endpoint }) => endpoint).reduce(together) : [];
      });
  }

  /** Two endpoints with an address in common would be two turns for one server: the first one has it. */
  #counts(address: SliceAddress, wanted: Readiness): boolean {
    const first = this.#byKey.of(address.key).find((one) => one.address.readiness === wanted);
    return first?.address === address;
  }
}

/** Addresses by what they have in common, those of each name in the order of their slices, and of their keys. */
class Standings {
  readonly #nameOf: (address: SliceAddress) => string;
  readonly #byName: Map<string, readonly Standing[]> = new Map();

  constructor(nameOf: (address: SliceAddress) => string) {
    this.#nameOf = nameOf;
  }

  of(name: string): readonly Standing[] {
    return this.#byName.get(name) ?? [];
  }

  change(come: readonly Standing[], gone: readonly Standing[]): void {
    const left = new Set(gone.map(({ address }) => address));
    const changed = new Map<string, Standing[]>();
    for (const { address } of gone) changed.set(this.#nameOf(address), []);
    for (const standing of come) {
      const name = this.#nameOf(standing.address);
      const others = changed.get(name);
      if (others === undefined) changed.set(name, [standing]);
      else others.push(standing);
    }
    for (const [name, news] of changed) {
      const stay = this.of(name).filter(({ address }) => !left.has(address));
      // concat() makes an array without spare room, of which there are as many as addresses.
      const all = stay.concat(news).sort(inOrder);
      if (all.length === 0) this.#byName.delete(name);
      else this.#byName.set(name, all);
    }
  }
}

function inOrder(a: Standing, b: Standing): number {
  const [one, other] = a.place === b.place ? [a.address.key, b.address.key] : [a.place.name, b.place.name];
  return one < other ? -1 : Number(one > other);
}

/** What {@link together} has made of an endpoint last: it is to be the same object while nothing changes. */
const pairs = new WeakMap<PodEndpoint, { readonly more: PodEndpoint; readonly pair: PodEndpoint }>();

/** Both are the same pod. */
function together(known: PodEndpoint, more: PodEndpoint): PodEndpoint {
  const before = pairs.get(known);
  if (before?.more === more) return before.pair;
  const addresses = [...known.addresses, ...more.addresses];
  const [ipv6, ipv4] = [true, false].map((is) => addresses.filter(({ host }) => isIPv6(host) === is));
  const pair = podEndpoint([...(ipv6 ?? []), ...(ipv4 ?? [])], known.attributes);
  pairs.set(known, { more, pair });
  return pair;
}

function whyNone(slices: readonly Slice[], port: number | string): string {
  if (slices.every(({ size }) => size === 0)) return 'the Service has no pods';
  const pods = new Set(slices.flatMap(({ addresses }) => addresses.map(({ pod }) => pod))).size;
  if (pods > 0) return pods === 1 ? 'its only pod is not ready' : `none of its ${pods} pods is ready`;
  const others = slices.flatMap(({ ports }) => (ports === 'any' ? [] : ports.map(portName)));
  const wanted = typeof port === 'number' ? `with the number ${port}` : `named ${quote(port)}`;
  const there = [...new Set(others)].slice(0, 10).join(', ') || 'none with a name';
  return `its pods have no TCP port ${wanted}; they have ${there}`;
}
