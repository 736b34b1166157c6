/**
 * All slices of a Service as the endpoints of one port: the addresses of a pod are one endpoint, in whatever slices they
 * stand. The control plane moves pods between slices, and a pod may be in two of them for a while.
 */
import { isIPv6 } from 'node:net';
import { quote } from '@petiole/service-config/internal';
import { portName, type Readiness, type Slice, type SliceAddress } from './slice.js';

/** What a policy may know of a pod. */
export interface PodAttributes {
  readonly zone?: string;
  /** The zones whose clients shall use this pod. Absent: those of all zones. */
  readonly forZones?: readonly string[];
  readonly node?: string;
  /** The name of a StatefulSet's pod, which its successor has, too: whatever hashes keys to pods goes by it. */
  readonly hashKey?: string;
}

/** A pod: its addresses, IPv6 first. */
export interface PodEndpoint {
  readonly addresses: ReadonlyArray<{ readonly host: string; readonly port: number }>;
  readonly attributes: PodAttributes;
}

export interface FoundEndpoints {
  readonly endpoints: readonly PodEndpoint[];
  /** Why there is none; empty where there are. */
  readonly reason: string;
}

/** @param port its number on the pods, or its name in the Service. */
export function endpointsOf(slices: readonly Slice[], port: number | string): FoundEndpoints {
  for (const readiness of ['ready', 'draining'] as const) {
    const endpoints = collect(slices, port, readiness);
    if (endpoints.length > 0) return { endpoints, reason: '' };
  }
  return { endpoints: [], reason: whyNone(slices, port) };
}

interface Pod {
  readonly addresses: Array<{ host: string; port: number }>;
  readonly first: SliceAddress;
}

function collect(slices: readonly Slice[], port: number | string, readiness: Readiness): PodEndpoint[] {
  const pods = new Map<string, Pod>();
  /** Two endpoints with an address in common would be two turns for one server. */
  const taken = new Set<string>();
  for (const slice of slices) {
    const ports = portsOf(slice, port);
    if (ports.length === 0) continue;
    for (const address of slice.addresses) {
      if (address.readiness !== readiness) continue;
      const { host, uid = ` ${host}` } = address;
      for (const number of ports) {
        const key = `${number} ${host}`;
        if (taken.has(key)) continue;
        taken.add(key);
        const pod = pods.get(uid);
        if (pod === undefined) pods.set(uid, { addresses: [{ host, port: number }], first: address });
        else pod.addresses.push({ host, port: number });
      }
    }
  }
  return Array.from(pods.values(), ({ addresses, first }) => ({
    addresses: ipv6First(addresses),
    attributes: attributesOf(first),
  }));
}

/** The numbers that a slice has for the port: more than one only while the Service gives its name another number. */
function portsOf({ ports }: Slice, port: number | string): readonly number[] {
  if (ports === 'any') return typeof port === 'number' ? [port] : [];
  const meant = ports.filter((one) => (typeof port === 'number' ? one.port : one.name) === port);
  return [...new Set(meant.map((one) => one.port))];
}

function ipv6First<Address extends { readonly host: string }>(
  addresses: readonly Address[],
): readonly Address[] {
  if (addresses.length < 2) return addresses;
  const ipv6 = addresses.filter(({ host }) => isIPv6(host));
  return ipv6.length === 0 ? addresses : [...ipv6, ...addresses.filter(({ host }) => !isIPv6(host))];
}

function attributesOf({ zone, forZones, node, hostname }: SliceAddress): PodAttributes {
  return {
    ...(zone === undefined ? undefined : { zone }),
    ...(forZones === undefined ? undefined : { forZones }),
    ...(node === undefined ? undefined : { node }),
    ...(hostname === undefined ? undefined : { hashKey: hostname }),
  };
}

function whyNone(slices: readonly Slice[], port: number | string): string {
  const addresses = slices.flatMap((slice) => slice.addresses);
  if (addresses.length === 0) return 'the Service has no pods';
  const withPort = slices.filter((slice) => portsOf(slice, port).length > 0);
  if (withPort.every((slice) => slice.addresses.length === 0)) {
    const others = slices.flatMap(({ ports }) => (ports === 'any' ? [] : ports.map(portName)));
    const wanted = typeof port === 'number' ? `with the number ${port}` : `named ${quote(port)}`;
    const there = [...new Set(others)].slice(0, 10).join(', ') || 'none with a name';
    return `its pods have no TCP port ${wanted}; they have ${there}`;
  }
  const pods = new Set(addresses.map(({ uid, host }) => uid ?? host)).size;
  return pods === 1 ? 'its only pod is not ready' : `none of its ${pods} pods is ready`;
}
