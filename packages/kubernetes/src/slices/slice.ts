/**
 * One EndpointSlice of `discovery.k8s.io/v1`, as the API server sends it, cut down to what endpoints are made of. What
 * cannot be read costs as little as possible: an endpoint, or else the slice.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { isJson, quote, show } from '@petiole/service-config/internal';

/** Whether RPCs may go to an address. */
export type Readiness =
  /** The pod is ready, or nobody has said that it is not. */
  | 'ready'
  /** The pod is about to end, and still answers: for the time in which no other one is ready. */
  | 'draining'
  | 'unready';

/** One address of a pod, or of whatever else stands behind the Service. */
export interface SliceAddress {
  readonly host: string;
  /** The same for all addresses of a pod, in whatever slices they are; undefined where no pod is named. */
  readonly uid: string | undefined;
  readonly readiness: Readiness;
  readonly zone: string | undefined;
  /** The zones whose clients shall use this endpoint, by `trafficDistribution` of the Service. */
  readonly forZones: readonly string[] | undefined;
  readonly node: string | undefined;
  /** The pod's name within a StatefulSet. */
  readonly hostname: string | undefined;
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
  readonly addresses: readonly SliceAddress[];
  /** What could not be read, a sentence each. */
  readonly refused: readonly string[];
}

/**
 * Reads a slice.
 * @throws {TypeError} that names the field where the whole slice cannot be used.
 */
export function readSlice(object: unknown): Slice {
  if (!isJson(object)) throw new TypeError(`an EndpointSlice must be an object, got ${show(object)}`);
  const { addressType, endpoints, ports } = object;
  if (addressType !== 'IPv4' && addressType !== 'IPv6') {
    throw new TypeError(`addressType must be "IPv4" or "IPv6", got ${show(addressType)}`);
  }
  const isAddress = addressType === 'IPv4' ? isIPv4 : isIPv6;
  const addresses: SliceAddress[] = [];
  const refused: string[] = [];
  for (const [index, endpoint] of list('endpoints', endpoints).entries()) {
    const host: unknown =
      isJson(endpoint) && Array.isArray(endpoint.addresses) ? endpoint.addresses[0] : undefined;
    // The API gives the further addresses of an entry no meaning, and kube-proxy does not look at them.
    if (isJson(endpoint) && typeof host === 'string' && isAddress(host)) {
      addresses.push(readAddress(host, endpoint));
    } else {
      refused.push(
        `endpoints[${index}].addresses must begin with an ${addressType} address, got ${show(host)}`,
      );
    }
  }
  const listed = list('ports', ports);
  return { ports: listed.length === 0 ? 'any' : listed.flatMap(readPort), addresses, refused };
}

function readAddress(host: string, endpoint: Record<string, unknown>): SliceAddress {
  const { conditions, targetRef, hints } = endpoint;
  return {
    host,
    uid: isJson(targetRef) ? text(targetRef.uid) : undefined,
    readiness: readinessOf(isJson(conditions) ? conditions : {}),
    zone: text(endpoint.zone),
    forZones: isJson(hints) ? zonesOf(hints.forZones) : undefined,
    node: text(endpoint.nodeName),
    hostname: text(endpoint.hostname),
  };
}

/** As kube-proxy reads them: an unknown `ready` or `serving` counts as true. */
function readinessOf({ ready, serving, terminating }: Record<string, unknown>): Readiness {
  if (ready !== false) return 'ready';
  return terminating === true && serving !== false ? 'draining' : 'unready';
}

function zonesOf(forZones: unknown): readonly string[] | undefined {
  if (!Array.isArray(forZones)) return undefined;
  const names = forZones.flatMap((zone: unknown) => (isJson(zone) ? (text(zone.name) ?? []) : []));
  return names.length === 0 ? undefined : names;
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
