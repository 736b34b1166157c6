/**
 * What a look-up found, and how it becomes the next good answer of a polling resolver: what did not change stays the
 * same object, so that a change is seen at a glance and reaches nobody when there is none.
 */
import { readServiceConfig, type ServiceConfigInput } from '@petiole/service-config';
import { endpointKey } from '@petiole/service-config/internal';
import type { Delivered } from './delivery.js';
import { type EndpointInput, sameEndpoints, toEndpoints } from './endpoint.js';
import { messageOf } from './error-message.js';
import { isObject, print } from './json-value.js';
import { keepPlaces } from './keep-places.js';
import { joinNotes } from './summarize.js';

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
  /** Goes into the failure messages of the policy: what could not be looked up, for instance. */
  readonly note?: string;
  /** Something could not be looked up: the endpoints count, and `resolve` runs again after a back-off. Default false. */
  readonly incomplete?: boolean;
}

/** A resolution that counts: what the channel is told until there is a better one. */
export interface GoodAnswer extends Delivered {
  /** The service config as JSON text; null when there is none, or none that can be written so. */
  readonly source: string | null;
  /** What is wrong with it; empty when nothing is. */
  readonly complaint: string;
}

/**
 * Makes a resolution the successor of the last good answer.
 * @throws TypeError on what is no resolution, {@link TargetError} on a bad endpoint.
 */
export function readResolution(
  resolution: Resolution,
  before: GoodAnswer | undefined,
  keepOrder: boolean,
): GoodAnswer {
  if (!isObject(resolution)) {
    throw new TypeError(`resolve() must give an object such as { endpoints: [] }, got ${print(resolution)}`);
  }
  // Copies: a look-up may hand out the same array again, changed.
  const found = toEndpoints(resolution.endpoints);
  const ordered = keepOrder
    ? keepPlaces(before?.endpoints ?? [], found, endpointKey, (survivor) => survivor)
    : found;
  const endpoints =
    before !== undefined && sameEndpoints(before.endpoints, ordered) ? before.endpoints : ordered;
  const { serviceConfig, source, complaint } = successor(resolution.serviceConfig ?? null, before);
  const note = joinNotes(resolution.note ?? '', complaint);
  return { endpoints, serviceConfig, source, complaint, note };
}

function successor(
  input: ServiceConfigInput | null,
  before: GoodAnswer | undefined,
): Pick<GoodAnswer, 'serviceConfig' | 'source' | 'complaint'> {
  if (input === null) return { serviceConfig: null, source: null, complaint: '' };
  // As text: the same object may come again, changed.
  const source = typeof input === 'string' ? input : jsonText(input);
  // A bad one is read again: the policy that it names may have been registered by now.
  if (before?.complaint === '' && source !== null && before.source === source) return before;
  try {
    return { serviceConfig: readServiceConfig(input, 'dns'), source, complaint: '' };
  } catch (error) {
    // As an error it would cost the addresses too: grpc-js never sets previousServiceConfig (resolving-load-balancer.ts).
    return {
      serviceConfig: before?.serviceConfig ?? null,
      source,
      complaint: `bad service config ignored: ${messageOf(error)}`,
    };
  }
}

/** Null for what has no JSON, such as a cyclic object; `readServiceConfig` says what is wrong with it. */
function jsonText(input: object): string | null {
  try {
    return JSON.stringify(input) ?? null;
  } catch {
    return null;
  }
}
