/**
 * Endpoints: all addresses of one server, the unit that grpc-js and the policies balance over (gRFC A61).
 * This file accepts them in the forms that people write.
 */

import { isIPv6 } from 'node:net';
import type { experimental } from '@grpc/grpc-js';
import { sameAddresses } from '@petiole/service-config/internal';
import { checkHost, parseAddress } from './address.js';
import { withoutDuplicates } from './duplicates.js';
import { print } from './json-value.js';
import { quote, TargetError } from './target-error.js';

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
export type EndpointInput =
  | string
  | { readonly addresses: ReadonlyArray<string | Readonly<SubchannelAddress>> };

/**
 * Brings endpoints into grpc-js's shape, without duplicates. The result shares nothing with the input.
 * @throws {TargetError} that names the index of the endpoint and the part that is wrong.
 */
export function toEndpoints(inputs: readonly EndpointInput[]): Endpoint[] {
  if (!Array.isArray(inputs)) throw new TargetError(`endpoints must be an array, got ${print(inputs)}`);
  // Array.from, as map passes over holes.
  const endpoints = Array.from(inputs, (input: EndpointInput, index) => {
    try {
      return toEndpoint(input);
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      throw new TargetError(`endpoints[${index}]: ${error.message}`);
    }
  });
  return withoutDuplicates(endpoints);
}

function toEndpoint(input: EndpointInput): Endpoint {
  const addresses: ReadonlyArray<string | Readonly<SubchannelAddress>> | undefined =
    typeof input === 'string' ? input.split('+') : input?.addresses;
  if (!Array.isArray(addresses) || addresses.length === 0) {
    throw new TargetError(`an endpoint is a string or { addresses: [at least one] }, got ${print(input)}`);
  }
  return { addresses: Array.from(addresses, toAddress) };
}

function toAddress(input: string | Readonly<SubchannelAddress>): SubchannelAddress {
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
    if ('path' in input && typeof input.path === 'string' && input.path !== '') return { path: input.path };
    if ('host' in input && typeof input.host === 'string') {
      const { host, port } = input;
      if (!Number.isInteger(port) || port < 1 || port > 65_535) {
        throw new TargetError(
          `port of ${quote(host)} must be an integer from 1 to 65535, got ${print(port)}`,
        );
      }
      return { host: isIPv6(host) ? host : checkHost(host), port };
    }
  }
  throw new TargetError(`an address is a string, { host, port } or { path }, got ${print(input)}`);
}

/** Whether two lists hold the same endpoints with the same addresses, both in the same order. */
export function sameEndpoints(left: readonly Endpoint[], right: readonly Endpoint[]): boolean {
  return (
    left.length === right.length &&
    left.every((endpoint, index) => {
      const other = right[index];
      return other !== undefined && sameAddresses(endpoint, other);
    })
  );
}
