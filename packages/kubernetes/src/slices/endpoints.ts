/**
 * All slices of a Service as endpoints: the addresses of a pod are one endpoint, in whatever slices they stand. The control
 * plane moves pods between slices, and a pod may be in two of them for a while.
 */
import { isIPv6 } from 'node:net';
import { quote } from '@petiole/service-config/internal';
import { type PodEndpoint, podEndpoint, portName, type Readiness, type Slice } from './slice.js';

export interface FoundEndpoints {
  readonly endpoints: readonly PodEndpoint[];
  /** Why there is none; empty where there are. */
  readonly reason: string;
}

/** @param port the one that the slices were read for. */
export function endpointsOf(slices: readonly Slice[], port: number | string): FoundEndpoints {
  for (const readiness of ['ready', 'draining'] as const) {
    const endpoints = collect(slices, readiness);
    if (endpoints.length > 0) return { endpoints, reason: '' };
  }
  return { endpoints: [], reason: whyNone(slices, port) };
}

function collect(slices: readonly Slice[], wanted: Readiness): PodEndpoint[] {
  const pods = new Map<string, PodEndpoint>();
  /** Two endpoints with an address in common would be two turns for one server. */
  const taken = new Set<string>();
  for (const { addresses } of slices) {
    for (const { pod, readiness, key, endpoint } of addresses) {
      if (readiness !== wanted || taken.size === taken.add(key).size) continue;
      const known = pods.get(pod);
      pods.set(pod, known === undefined ? endpoint : together(known, endpoint));
    }
  }
  return [...pods.values()];
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
