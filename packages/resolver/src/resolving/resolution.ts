/**
 * What a look-up found, and how it becomes the next good answer of a polling resolver: whether that is news is known
 * here, where the two are compared.
 */
import { readServiceConfig, type ServiceConfigInput } from '@petiole/service-config';
import {
  attributesOf,
  endpointKey,
  isJson,
  madeOr,
  messageOf,
  oneLine,
  sameAttributes,
  show,
  withAttributes,
} from '@petiole/service-config/internal';
import { withinBounds } from '../lookup/bounds.js';
import { keepPlaces } from '../lookup/keep-places.js';
import { joinNotes, LONGEST_NOTE, summarize } from '../lookup/notes.js';
import {
  type Endpoint,
  type EndpointInput,
  type ReadEndpoints,
  readEndpoints,
  sameEndpoints,
} from '../target/endpoint.js';
import { TargetError } from '../target/error.js';
import type { Delivered } from './delivery.js';
import type { CheckedOptions } from './options.js';

/** What a look-up found. */
export interface Resolution {
  /**
   * All endpoints there are now, as `'[::1]:50051+127.0.0.1:50051'` or in one of the other forms. An empty list is an
   * answer, that there are none; when in doubt, reject.
   */
  readonly endpoints: readonly EndpointInput[];
  /**
   * The service config, proto3 JSON. Default: none, so that the channel's `grpc.service_config` applies.
   * A bad one is logged and the last good one stays.
   */
  readonly serviceConfig?: ServiceConfigInput | null;
  /** Goes into the failure messages of the policy, in one line: what could not be looked up, for instance. */
  readonly note?: string;
  /** Something could not be looked up: the endpoints count, and `resolve` runs again after a back-off. Default false. */
  readonly incomplete?: boolean;
}

/** What our own resolvers find: they apply the bounds before they build anything. */
export interface BoundedResolution extends Resolution {
  /** What they left out because of the bounds; empty when nothing. */
  readonly leftOut: string;
}

/** A resolution that counts: what the channel is told until there is a better one. */
export interface GoodAnswer extends Delivered {
  /** Its endpoints before they were ordered and bounded. */
  readonly found: ReadEndpoints;
  /** The service config as JSON text; null when there is none, or none that can be written so. */
  readonly source: string | null;
  /** What is wrong with it; empty when nothing is. */
  readonly complaint: string;
  /** What was left out because of the bounds; empty when nothing was. */
  readonly leftOut: string;
  /** Something could not be looked up, or a record was bad. */
  readonly incomplete: boolean;
}

/** A good answer beside the one before it. */
export interface Successor {
  readonly answer: GoodAnswer;
  /** Whether endpoints or service config are others than before. */
  readonly isNews: boolean;
  /** What is to be logged: each bad service config once, and once that there is more than the bounds allow. */
  readonly trouble: string;
}

/**
 * Makes a resolution the successor of the last good answer. Endpoints that are still the same stay the same objects.
 * @throws TypeError on what is no resolution, {@link TargetError} when no endpoint in it is good.
 */
export function succeed(
  before: GoodAnswer | undefined,
  resolution: Resolution & Partial<BoundedResolution>,
  options: CheckedOptions,
): Successor {
  if (!isJson(resolution)) {
    throw new TypeError(`resolve() must give an object such as { endpoints: [] }, got ${show(resolution)}`);
  }
  // Copies: a look-up may hand out the same array again, changed.
  const found = readEndpoints(resolution.endpoints, options, before?.found);
  const bad = summarize(found.refused);
  if (bad !== '' && found.endpoints.length === 0) throw new TargetError(bad);
  const bounded = orderedWithinBounds(before?.endpoints ?? [], found, options);
  const unchanged = before !== undefined && sameEndpoints(before.endpoints, bounded.kept);
  const { isNews: isNewConfig, ...config } = readConfig(resolution.serviceConfig ?? null, before);
  const most = `${options.maxAddressesPerEndpoint} addresses (maxAddressesPerEndpoint)`;
  const cut = found.cut === 0 ? '' : `${found.cut} endpoints have more than ${most}`;
  const leftOut = joinNotes(resolution.leftOut ?? '', cut, bounded.leftOut);
  const note = joinNotes(oneLine(`${resolution.note ?? ''}`, LONGEST_NOTE), bad, leftOut, config.complaint);
  return {
    answer: {
      endpoints: unchanged ? before.endpoints : bounded.kept,
      found,
      ...config,
      leftOut,
      incomplete: resolution.incomplete === true || bad !== '',
      note,
    },
    isNews: !unchanged || isNewConfig,
    trouble: joinNotes(
      config.complaint === before?.complaint ? '' : config.complaint,
      (before?.leftOut ?? '') === '' ? leftOut : '',
    ),
  };
}

/** Those that are in use come first where it matters: they stay when there are too many. */
function orderedWithinBounds(
  inUse: readonly Endpoint[],
  { endpoints, addressCount }: ReadEndpoints,
  options: CheckedOptions,
): ReturnType<typeof withinBounds<Endpoint>> {
  const bound = (ordered: readonly Endpoint[]) =>
    withinBounds(ordered, ({ addresses }) => addresses.length, options, addressCount);
  if (options.keepOrder) return bound(keepPlaces(inUse, endpoints, endpointKey, survive));
  const first = bound(endpoints);
  if (first.kept.length === endpoints.length) return first;
  const { kept, leftOut } = bound(keepPlaces(inUse, endpoints, endpointKey));
  const stay = new Set(kept);
  return { kept: endpoints.filter((endpoint) => stay.has(endpoint)), leftOut };
}

/** The order of its addresses is no news; its attributes are. */
function survive(before: Endpoint, now: Endpoint): Endpoint {
  return sameAttributes(before, now) ? before : Object.freeze(withAttributes(before, attributesOf(now)));
}

type ConfigRead = Pick<GoodAnswer, 'serviceConfig' | 'source' | 'complaint'> & { readonly isNews: boolean };

function readConfig(input: ServiceConfigInput | null, before: GoodAnswer | undefined): ConfigRead {
  const last = before?.serviceConfig ?? null;
  if (input === null) return { serviceConfig: null, source: null, complaint: '', isNews: last !== null };
  // As text: the same object may come again, changed. What is wrong with one that has none, `readServiceConfig` says.
  const source = typeof input === 'string' ? input : madeOr(null, () => JSON.stringify(input) ?? null);
  // A bad one is read again: the policy that it names may have been registered by now.
  if (before?.complaint === '' && source !== null && before.source === source) {
    return { serviceConfig: last, source, complaint: '', isNews: false };
  }
  try {
    return { serviceConfig: readServiceConfig(input, 'dns'), source, complaint: '', isNews: true };
  } catch (error) {
    // As an error it would cost the addresses, too (fact R9).
    const complaint = `bad service config ignored: ${messageOf(error, LONGEST_NOTE)}`;
    return { serviceConfig: last, source, complaint, isNews: false };
  }
}
