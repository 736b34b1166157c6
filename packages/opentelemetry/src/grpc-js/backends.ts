/**
 * What resolvers say of servers beside their addresses, for the labels of gRFC A89. Petiole's resolvers write attributes on
 * grpc-js's endpoints, under a symbol that is the same in all packages. Attempts and connections know an address only, so
 * the attributes are noted by it where an answer of a resolver passes (fact O13).
 */
import { experimental } from '@grpc/grpc-js';
import type { ResolvingLoadBalancer } from './internals.js';
import { ownTarget } from './targets.js';
import type { Backend } from './watchers.js';

const ATTRIBUTES: unique symbol = Symbol.for('petiole.endpoint.attributes');

interface Endpoint extends experimental.Endpoint {
  readonly [ATTRIBUTES]?: Readonly<Record<string, unknown>>;
}

/** Combinations of values that are labels as they are; further ones are `other`. */
const MOST_BACKENDS = 1000;
/** Targets whose attributes are kept, those of the newest answers. */
const MOST_TARGETS = 1000;
/** Characters of a value. */
const LONGEST = 256;

const NOTHING: Backend = { 'grpc.lb.locality': '', 'grpc.lb.backend_service': '' };
const OTHER: Backend = { 'grpc.lb.locality': 'other', 'grpc.lb.backend_service': 'other' };

const backends = new Map<string, Backend>();
/** By target of the channel, and by address. */
const byTarget = new Map<string, Map<string, Backend>>();

/** What the resolver of this target said of a server; empty texts if nothing. */
export function backendOf(target: string, address: string): Backend {
  return byTarget.get(target)?.get(address) ?? NOTHING;
}

export function hookResolutions(balancer: ResolvingLoadBalancer): void {
  const { handleResolverResult } = balancer;
  balancer.handleResolverResult = function (endpoints, ...rest) {
    if (endpoints.ok)
      note(ownTarget(this.channelOptions, experimental.uriToString(this.target)), endpoints.value);
    return handleResolverResult.call(this, endpoints, ...rest);
  };
}

/**
 * RPCs and connections outlive their place in the resolver's answer: as many addresses that are gone are kept as there are,
 * and a hundred.
 */
function note(target: string, endpoints: readonly Endpoint[]): void {
  const known = byTarget.get(target) ?? new Map<string, Backend>();
  let present = 0;
  for (const endpoint of endpoints) {
    const backend = backendFrom(endpoint[ATTRIBUTES] ?? {});
    if (backend === NOTHING && known.size === 0) continue;
    for (const address of endpoint.addresses.map(experimental.subchannelAddressToString)) {
      known.delete(address);
      if (backend === NOTHING) continue;
      known.set(address, backend);
      present += 1;
    }
  }
  dropOldest(known, 2 * present + 100);
  byTarget.delete(target);
  if (known.size > 0) byTarget.set(target, known);
  dropOldest(byTarget, MOST_TARGETS);
}

function backendFrom(attributes: Readonly<Record<string, unknown>>): Backend {
  const [zone, region, subZone] = [text(attributes.zone), text(attributes.region), text(attributes.subZone)];
  const locality =
    region || subZone
      ? `{region=${JSON.stringify(region)}, zone=${JSON.stringify(zone)}, sub_zone=${JSON.stringify(subZone)}}`
      : zone;
  return backend(locality, text(attributes.backendService));
}

/** One object for each combination. */
function backend(locality: string, service: string): Backend {
  if (locality === '' && service === '') return NOTHING;
  const key = `${locality}\n${service}`;
  const known = backends.get(key);
  if (known !== undefined) return known;
  if (backends.size >= MOST_BACKENDS) return OTHER;
  const made = { 'grpc.lb.locality': locality, 'grpc.lb.backend_service': service };
  backends.set(key, made);
  return made;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, LONGEST) : '';
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
