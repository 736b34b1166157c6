/**
 * What a look-up found, and how it becomes the next good answer of a polling resolver: what did not change stays the
 * same object, so that a change is seen at a glance and reaches nobody when there is none.
 */
import type { Delivered } from './delivery.js';
import { withoutDuplicates } from './duplicates.js';
import { type Endpoint, formatEndpoint, sameEndpoints } from './endpoint.js';
import { keepPlaces } from './keep-places.js';
import { prepareServiceConfig, type ServiceConfigInput } from './service-config.js';

/** What a look-up found. */
export interface Resolution {
  /** All endpoints there are now. An empty list is an answer, that there are none; when in doubt, reject. */
  readonly endpoints: readonly Endpoint[];
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
  /** The service config as it came. */
  readonly source: ServiceConfigInput | null;
  /** What is wrong with it; empty when nothing is. */
  readonly complaint: string;
}

/**
 * Makes a resolution the successor of the last good answer.
 * @throws on a resolution that is none (no endpoints array).
 */
export function readResolution(
  resolution: Resolution,
  before: GoodAnswer | undefined,
  keepOrder: boolean,
): GoodAnswer {
  // Copies: a look-up may hand out the same array again, changed.
  const found: Endpoint[] = withoutDuplicates(resolution.endpoints);
  const ordered = keepOrder ? keepPlaces(before?.endpoints ?? [], found, formatEndpoint) : found;
  const endpoints =
    before !== undefined && sameEndpoints(before.endpoints, ordered) ? before.endpoints : ordered;
  const source = resolution.serviceConfig ?? null;
  const { serviceConfig, complaint } = readServiceConfig(source, before);
  const note = [resolution.note ?? '', complaint].filter((part) => part !== '').join('; ');
  return { endpoints, serviceConfig, source, complaint, note };
}

function readServiceConfig(
  source: ServiceConfigInput | null,
  before: GoodAnswer | undefined,
): Pick<GoodAnswer, 'serviceConfig' | 'complaint'> {
  if (source === null) return { serviceConfig: null, complaint: '' };
  if (before !== undefined && isSameJson(before.source, source)) return before;
  try {
    return { serviceConfig: prepareServiceConfig(source), complaint: '' };
  } catch (error) {
    // As an error it would cost the addresses too: grpc-js never sets previousServiceConfig (resolving-load-balancer.ts).
    const reason = error instanceof Error ? error.message : String(error);
    return {
      serviceConfig: before?.serviceConfig ?? null,
      complaint: `bad service config ignored: ${reason}`,
    };
  }
}

function isSameJson(left: ServiceConfigInput | null, right: ServiceConfigInput): boolean {
  if (left === right) return true;
  return left !== null && typeof left === typeof right && JSON.stringify(left) === JSON.stringify(right);
}
