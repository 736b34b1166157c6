/**
 * Endpoints: all addresses of one server, the unit that grpc-js and the policies balance over (gRFC A61).
 * This file accepts them in the forms that people write.
 */
import type { experimental } from '@grpc/grpc-js';
import type { EndpointAttributes } from '@petiole/service-config';
import {
  addressKey,
  attributesOf,
  endpointKey,
  Fingerprints,
  isInteger,
  quote,
  sameAddresses,
  sameAttributes,
  sameEnds,
  show,
  withAttributes,
  withoutRepetition,
} from '@petiole/service-config/internal';
import { checkHost, isIPv6Host, parseAddress } from './address.js';
import { readAttributes } from './attributes.js';
import { TargetError } from './error.js';
import { deepFreeze, isDeepFrozen } from './objects.js';

/** grpc-js's endpoint: `{ addresses: [{ host, port }, …] }`; the addresses of one server, tried in this order. */
export type Endpoint = experimental.Endpoint;

/** grpc-js's address: `{ host, port }`, or `{ path }` for a Unix socket. */
export type SubchannelAddress = experimental.SubchannelAddress;

/**
 * An endpoint as the functions of this package take it: grpc-js's shape, the same with addresses as strings,
 * or one string with `+` between the addresses. These three are one endpoint:
 *
 * - `{ addresses: [{ host: '::1', port: 50051 }, { host: '127.0.0.1', port: 50051 }] }`
 * - `{ addresses: ['[::1]:50051', '127.0.0.1:50051'] }`
 * - `'[::1]:50051+127.0.0.1:50051'`
 */
export type EndpointInput = string | EndpointObject;

/** An endpoint as an object. */
export interface EndpointObject {
  readonly addresses: ReadonlyArray<string | Readonly<SubchannelAddress>>;
  /** What policies may know of it. Default: what grpc-js's endpoint carries already, as one of `previous` does. */
  readonly attributes?: EndpointAttributes | null;
}

export interface Reading {
  readonly maxAddressesPerEndpoint: number;
  readonly unixSockets: boolean;
}

export interface ReadEndpoints {
  /** In grpc-js's shape, without duplicates, and frozen: all channels are given the same. They share nothing with the input. */
  readonly endpoints: readonly Endpoint[];
  /** What is wrong with each address or endpoint that was left out. */
  readonly refused: readonly string[];
  /** How many endpoints had more addresses than they may have, and lost some. */
  readonly cut: number;
  /** What each of the endpoints was read from, if all of that can never change; else empty. */
  readonly constants: readonly unknown[];
  /** Those of the endpoints. */
  readonly fingerprints: Fingerprints;
  /** How many addresses the endpoints have together. */
  readonly addressCount: number;
}

/**
 * Reads endpoints of a program, all of which must be good.
 * @throws {TargetError} that names the index of the endpoint and the part that is wrong.
 */
export function toEndpoints(inputs: readonly EndpointInput[]): readonly Endpoint[] {
  const all = { maxAddressesPerEndpoint: Number.POSITIVE_INFINITY, unixSockets: true };
  const { endpoints, refused } = readEndpoints(inputs, all);
  if (refused[0] !== undefined) throw new TargetError(refused[0]);
  return endpoints;
}

/**
 * Reads endpoints of which a bad one costs that one only.
 * @param before what the list before was read as, within the same bounds: what can never change is read once.
 * @throws {TargetError} when the whole is no list.
 */
export function readEndpoints(
  inputs: readonly EndpointInput[],
  reading: Reading,
  before?: ReadEndpoints,
): ReadEndpoints {
  if (!Array.isArray(inputs)) throw new TargetError(`endpoints must be an array, got ${show(inputs)}`);
  const ends = sameEnds(inputs, before?.constants ?? [], Object.is);
  const { head, tail } = ends;
  const known = head + tail > 0 ? before : undefined;
  const last = known?.endpoints ?? [];
  const refused: string[] = [];
  const between = new Map<string, Endpoint>();
  const most = reading.maxAddressesPerEndpoint;
  let cut = 0;
  const news = inputs.slice(head, inputs.length - tail);
  // entries() does not pass over holes.
  for (const [index, input] of news.entries()) {
    let endpoint = constants.get(input as object) ?? readOne(input, head + index, reading, refused);
    if (endpoint === undefined) continue;
    if (endpoint.addresses.length > most) {
      endpoint = deepFreeze({ ...endpoint, addresses: fewer(endpoint.addresses, most) });
      cut += 1;
    }
    const key = endpointKey(endpoint);
    if (!between.has(key)) between.set(key, endpoint);
  }
  const entered = [...between.values()];
  const fingerprints = (known?.fingerprints ?? Fingerprints.of([])).replaced(ends, [...between.keys()]);
  // An endpoint that is named twice has the place where it is named first.
  if (fingerprints === undefined) return readEndpoints(inputs, reading);
  const end = last.length - tail;
  const endpoints = [...last.slice(0, head), ...entered, ...last.slice(end)];
  const areAll = cut === 0 && endpoints.length === inputs.length;
  const areConstant = areAll && news.every((input) => constants.has(input as object));
  return {
    endpoints,
    refused,
    cut,
    constants: areConstant ? [...inputs] : [],
    fingerprints,
    addressCount:
      (known?.addressCount ?? 0) - countAddresses(last.slice(head, end)) + countAddresses(entered),
  };
}

/** The same ones of the same addresses, whatever their order: it is by them that the endpoint is known. */
function fewer(addresses: readonly SubchannelAddress[], most: number): SubchannelAddress[] {
  const stay = new Set(addresses.map(addressKey).sort().slice(0, most));
  return addresses.filter((address) => stay.has(addressKey(address)));
}

function countAddresses(endpoints: readonly Endpoint[]): number {
  return endpoints.reduce((sum, { addresses }) => sum + addresses.length, 0);
}

/**
 * What inputs that can never change were read as: a resolver that gives thousands of them again and again, of which a few are
 * new, pays for those few.
 */
const constants = new WeakMap<object, Endpoint>();

/** Undefined where no address is good. */
function readOne(
  input: EndpointInput,
  index: number,
  reading: Reading,
  refused: string[],
): Endpoint | undefined {
  const before = refused.length;
  const refuse = (what: string): void => void refused.push(`endpoints[${index}]: ${what}`);
  const endpoint = unlessRefused(refuse, () => readEndpoint(input, reading, refuse));
  // Whether a Unix socket is allowed depends on who asks.
  const isConstant = typeof input === 'object' && refused.length === before && isDeepFrozen(input);
  if (isConstant && endpoint?.addresses.every((address) => 'port' in address)) constants.set(input, endpoint);
  return endpoint;
}

/**
 * The good addresses of an endpoint, with its attributes; undefined where none is good.
 * @throws {TargetError} when the whole is bad.
 */
function readEndpoint(
  input: EndpointInput,
  { unixSockets }: Reading,
  refuse: (what: string) => void,
): Endpoint | undefined {
  const given: EndpointObject = typeof input === 'string' ? { addresses: input.split('+') } : input;
  const { addresses: inputs, attributes }: Partial<EndpointObject> = given ?? {};
  if (!Array.isArray(inputs) || inputs.length === 0) {
    throw new TargetError(`an endpoint is a string or { addresses: [at least one] }, got ${show(input)}`);
  }
  const read =
    attributes === undefined || attributes === null ? attributesOf(given) : readAttributes(attributes);
  // The copy has undefined in the place of holes, which map() would pass over.
  const good = [...inputs].map((address) => unlessRefused(refuse, () => toAddress(address, unixSockets)));
  const addresses = withoutRepetition(good.filter((address) => address !== undefined));
  if (addresses.length === 0) return undefined;
  return deepFreeze(withAttributes({ addresses: [...addresses] }, read));
}

function unlessRefused<Read>(refuse: (what: string) => void, read: () => Read): Read | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    return void refuse(error.message);
  }
}

function toAddress(input: string | Readonly<SubchannelAddress>, unixSockets: boolean): SubchannelAddress {
  if (typeof input === 'string') {
    if (input.includes(',')) {
      throw new TargetError(`${quote(input)} contains ","; write an entry for each endpoint: ["a:1", "b:2"]`);
    }
    if (input.includes('+')) {
      throw new TargetError(`${quote(input)} contains "+"; write an entry for each address: ["a:1", "b:1"]`);
    }
    return { ...parseAddress(input) };
  }
  if (typeof input === 'object' && input !== null) {
    if ('path' in input && typeof input.path === 'string' && input.path !== '') {
      if (unixSockets) return { path: input.path };
      throw new TargetError(
        `${quote(input.path)} is a Unix socket of this machine, which the option unixSockets would allow`,
      );
    }
    if ('host' in input && typeof input.host === 'string') {
      const { host, port } = input;
      if (!isInteger(port, 1, 65_535)) {
        throw new TargetError(`port of ${quote(host)} must be an integer from 1 to 65535, got ${show(port)}`);
      }
      return { host: isIPv6Host(host) ? host : checkHost(host), port };
    }
  }
  throw new TargetError(`an address is a string, { host, port } or { path }, got ${show(input)}`);
}

/** Whether two lists hold the same endpoints in the same order, with the same addresses in theirs, and attributes. */
export function sameEndpoints(left: readonly Endpoint[], right: readonly Endpoint[]): boolean {
  const isSame = (one: Endpoint, other: Endpoint | undefined): boolean =>
    one === other || (other !== undefined && sameAddresses(one, other) && sameAttributes(one, other));
  return left.length === right.length && left.every((endpoint, index) => isSame(endpoint, right[index]));
}
