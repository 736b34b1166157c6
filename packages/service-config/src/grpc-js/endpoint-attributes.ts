/**
 * What a resolver knows of an endpoint beside its addresses, on its way to the policy. grpc-js's Endpoint has no field for
 * it, but grpc-js and its policies hand on the objects that a resolver gave (fact R23). So it stands on the object, under
 * a symbol that is the same in all copies of this package.
 */
import { isDeepStrictEqual } from 'node:util';
import type { experimental } from '@grpc/grpc-js';

/** What a resolver knows of an endpoint. Policies read the four that have a name here; the others are yours. */
export interface EndpointAttributes {
  /** Where it runs, for policies that prefer what is near: `eu-west-1a`. At most 256 characters. */
  readonly zone?: string;
  /** Its share of the RPCs beside the others'. An integer from 1 to 4294967295. Absent: 1. */
  readonly weight?: number;
  /** Its group: 0 is used first, the next one when none of the better is ready. An integer from 0. Absent: 0. */
  readonly priority?: number;
  /** What `ring_hash` places it by, instead of its addresses (gRFC A76). At most 256 characters. */
  readonly hashKey?: string;
  /** Whatever JSON has, at most 32 levels deep. */
  readonly [name: string]: unknown;
}

const KEY: unique symbol = Symbol.for('petiole.endpoint.attributes');

/** grpc-js's endpoint, which may carry attributes. */
interface Carrier extends experimental.Endpoint {
  readonly [KEY]?: EndpointAttributes;
}

const NONE: EndpointAttributes = Object.freeze({});

/** The attributes of an endpoint, as its resolver checked them; empty when it has none. Do not change them. */
export function attributesOf(endpoint: object): EndpointAttributes {
  return (endpoint as Partial<Carrier>)[KEY] ?? NONE;
}

/** The endpoint with these attributes in place of its own; the addresses are shared. */
export function withAttributes<Kind extends experimental.Endpoint>(
  endpoint: Kind,
  attributes: EndpointAttributes,
): Kind {
  const { [KEY]: _, ...plain } = endpoint as Kind & Carrier;
  const carrier = Object.keys(attributes).length === 0 ? plain : { ...plain, [KEY]: attributes };
  return carrier as Kind;
}

/** Whether both have the same attributes, in any order. */
export function sameAttributes(a: experimental.Endpoint, b: experimental.Endpoint): boolean {
  const [left, right] = [attributesOf(a), attributesOf(b)];
  return left === right || isDeepStrictEqual(left, right);
}
