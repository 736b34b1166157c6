/**
 * One EndpointSlice of `discovery.k8s.io/v1`, as the API server sends it, cut down to what endpoints are made of. What
 * cannot be read costs as little as possible: an endpoint, or else the slice. All that can be made of a slice alone is made
 * here, once: slices are merged anew whenever one of them changes.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { EndpointAttributes } from '@petiole/resolver';
import { isJson, quote, show } from '@petiole/service-config/internal';

/** What a policy may know of a pod, beside its `zone`. */
export interface PodAttributes extends EndpointAttributes {
  /** The zones whose clients shall use this pod, by `trafficDistribution` of the Service. Absent: all. */
  readonly forZones?: readonly string[];
  readonly node?: string;
  /** The name of a StatefulSet's pod, which its successor has, too. */
  readonly hashKey?: string;
}

/** A pod, or whatever else stands behind the Service: its addresses, IPv6 first. */
export interface PodEndpoint {
  readonly addresses: ReadonlyArray<{ readonly host: string; readonly port: number }>;
  readonly attributes: PodAttributes;
}

/** Whether RPCs may go to an address. */
export type Readiness =
  /** The pod is ready, or nobody has said that it is not. */
  | 'ready'
  /** The pod is about to end, and still answers: for the time in which no other one is ready. */
  | 'draining'
  | 'unready';

/** One address of a pod. */
export interface SliceAddress {
  /** The same for all addresses of a pod, in whatever slices they are. */
  readonly pod: string;
  readonly readiness: Readiness;
  /** The same for the same host and port. */
  readonly key: string;
  /** What the pod is if it has no other address. */
  readonly endpoint: PodEndpoint;
}

export interface SlicePort {
  /** Empty where the Service has one port without a name. */
  readonly name: string;
  readonly port: number;
}

/** A slice that could be read. */
export interface Slice {
  /** The ports of TCP. A slice that lists none of any protocol restricts nothing: a headless Service without ports has such. */
  readonly ports: readonly SlicePort[] | 'any';
  /** How many addresses it has, whatever their ports are. */
  readonly size: number;
  /** Those with the port that was asked for, each once for a readiness. */
  readonly addresses: readonly SliceAddress[];
  /** What could not be read, a sentence each. */
  readonly refused: readonly string[];
}

/**
 * Reads a slice.
 * @param port its number on the pods, or its name in the Service.
 * @param before what it was: addresses that are as they were stay the same objects, which nobody has to look at again.
 * @throws {TypeError} that names the field where the whole slice cannot be used.
 */
export function readSlice(object: unknown, port: number | string, before?: Slice): Slice {
  if (!isJson(object)) throw new TypeError(`an EndpointSlice must be an object, got ${show(object)}`);
  const { addressType } = object;
  if (addressType !== 'IPv4' && addressType !== 'IPv6') {
    throw new TypeError(`addressType must be "IPv4" or "IPv6", got ${show(addressType)}`);
  }
  const isAddress = addressType === 'IPv4' ? isIPv4 : isIPv6;
  const listed = list('ports', object.ports);
  const ports = listed.length === 0 ? 'any' : listed.flatMap(readPort);
  const number = numberOf(ports, port);
  const endpoints = list('endpoints', object.endpoints);
  const known = new Map(before?.addresses.map((address) => [address.key, address]));
  const addresses = new Map<string, SliceAddress>();
  const refused: string[] = [];
  for (const [index, endpoint] of endpoints.entries()) {
    const host: unknown =
      isJson(endpoint) && Array.isArray(endpoint.addresses) ? endpoint.addresses[0] : undefined;
    // The API gives the further addresses of an entry no meaning, and kube-proxy does not look at them.
    if (isJson(endpoint) && typeof host === 'string' && isAddress(host)) {
      if (number === undefined) continue;
      const address = readAddress(host, number, endpoint, known);
      const name = `${address.readiness} ${address.key}`;
      if (!addresses.has(name)) addresses.set(name, address);
    } else {
      refused.push(
        `endpoints[${index}].addresses must begin with an ${addressType} address, got ${show(host)}`,
      );
    }
  }
  return { ports, size: endpoints.length - refused.length, addresses: [...addresses.values()], refused };
}

/** The API server sees to it that no two ports of a slice have the same name: another number of a name is in another slice. */
function numberOf(ports: Slice['ports'], wanted: number | string): number | undefined {
  if (ports === 'any') return typeof wanted === 'number' ? wanted : undefined;
  return ports.find(({ name, port }) => (typeof wanted === 'number' ? port : name) === wanted)?.port;
}

function readAddress(
  host: string,
  port: number,
  endpoint: Record<string, unknown>,
  known: ReadonlyMap<string, SliceAddress>,
): SliceAddress {
  const { conditions, targetRef } = endpoint;
  const key = `${port} ${host}`;
  const before = known.get(key);
  // No uid begins with a blank.
  const pod = (isJson(targetRef) ? text(targetRef.uid) : undefined) ?? ` ${host}`;
  const readiness = readinessOf(isJson(conditions) ? conditions : {});
  const attributes = attributesOf(endpoint);
  const isSame = before !== undefined && isDeepStrictEqual(before.endpoint.attributes, attributes);
  if (isSame && before.pod === pod && before.readiness === readiness) return before;
  return {
    pod,
    readiness,
    key,
    endpoint: isSame ? before.endpoint : podEndpoint([{ host, port }], attributes),
  };
}

/** Frozen: the resolver reads what can never change once, however often it is given. */
export function podEndpoint(addresses: PodEndpoint['addresses'], attributes: PodAttributes): PodEndpoint {
  for (const address of addresses) Object.freeze(address);
  return Object.freeze({ addresses: Object.freeze(addresses), attributes });
}

function attributesOf({ zone, hints, nodeName, hostname }: Record<string, unknown>): PodAttributes {
  const attributes = {
    zone: text(zone),
    forZones: isJson(hints) ? zonesOf(hints.forZones) : undefined,
    node: text(nodeName),
    hashKey: text(hostname),
  };
  return Object.freeze(
    Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)),
  );
}

/** As kube-proxy reads them: an unknown `ready` or `serving` counts as true. */
function readinessOf({ ready, serving, terminating }: Record<string, unknown>): Readiness {
  if (ready !== false) return 'ready';
  return terminating === true && serving !== false ? 'draining' : 'unready';
}

function zonesOf(forZones: unknown): readonly string[] | undefined {
  if (!Array.isArray(forZones)) return undefined;
  const names = forZones.flatMap((zone: unknown) => (isJson(zone) ? (text(zone.name) ?? []) : []));
  return names.length === 0 ? undefined : Object.freeze(names);
}

function readPort(port: unknown): SlicePort[] {
  if (!isJson(port)) return [];
  const { name, port: number, protocol } = port;
  if (protocol !== undefined && protocol !== null && protocol !== 'TCP') return [];
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > 65_535) return [];
  return [{ name: text(name) ?? '', port: number }];
}

/** The API server writes null for an empty list. */
function list(field: string, value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new TypeError(`${field} must be an array, got ${show(value)}`);
}

/** Names of zones, nodes and pods are short; what is not is no name. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 253 ? value : undefined;
}

/** A port as messages show it. */
export function portName({ name, port }: SlicePort): string {
  return name === '' ? String(port) : `${quote(name)} (${port})`;
}
