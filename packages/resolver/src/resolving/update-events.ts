/**
 * The diagnostics channels `petiole.resolver.update`, one plain object for each change that a resolver hands to a channel, and
 * `petiole.resolver.answer`, one for each good answer, changed or not. They come when the channel has taken it. Nothing is
 * computed while nobody subscribes.
 */
import diagnostics from 'node:diagnostics_channel';
import { addressKey, endpointName, publishLater, sameAttributes } from '@petiole/service-config/internal';
import type { Endpoint } from '../target/endpoint.js';

/**
 * Why a resolver spoke. The first four are those of resolvers that look. A manual resolver and a watch speak because of an
 * `update` or a failure, and a `replay` of what was said last goes to a channel that is new or back from idle.
 */
export type UpdateReason =
  | 'first resolution'
  | 'requested'
  | 'periodic refresh'
  | 'retry'
  | 'update'
  | 'replay';

/** A message on `petiole.resolver.update`. Endpoints are printed as `[::1]:50051+127.0.0.1:50051`. */
export interface ResolverUpdate {
  /** The channel's target string. */
  readonly target: string;
  /** Endpoints that were not in the previous result. */
  readonly added: readonly string[];
  /** Endpoints of the previous result that are gone. */
  readonly removed: readonly string[];
  /** Only when there are any: endpoints that stay, with other attributes than before. */
  readonly changed?: readonly string[];
  /** How many endpoints the channel has now. */
  readonly endpoints: number;
  readonly reason: UpdateReason;
  /** Only when name resolution failed: why. The channel may have kept its endpoints. */
  readonly error?: string;
}

/** A message on `petiole.resolver.answer`: the name was resolved, and the policy has the endpoints. */
export interface ResolverAnswer {
  /** The channel's target string. */
  readonly target: string;
  /** How many endpoints the channel has now. */
  readonly endpoints: number;
}

const updates = diagnostics.channel('petiole.resolver.update');
const answers = diagnostics.channel('petiole.resolver.answer');

export function publishAnswer(target: string, endpoints: readonly Endpoint[]): void {
  publishLater<ResolverAnswer>(answers, () => ({ target, endpoints: endpoints.length }));
}

/** Publishes the difference between two results, or an error; silent when there is neither. */
export function publishUpdate(
  target: string,
  before: readonly Endpoint[] | undefined,
  after: readonly Endpoint[] | undefined,
  reason: UpdateReason,
  error?: string,
): void {
  publishLater<ResolverUpdate>(updates, () => {
    const [old, now] = [byAddresses(before), byAddresses(after)];
    const namesOf = (these: typeof now, isMeant: (key: string, endpoint: Endpoint) => boolean): string[] =>
      [...these].filter((entry) => isMeant(...entry)).map(([, endpoint]) => endpointName(endpoint));
    const added = namesOf(now, (key) => !old.has(key));
    const removed = namesOf(old, (key) => !now.has(key));
    const changed = namesOf(now, (key, endpoint) => !sameAttributes(old.get(key) ?? endpoint, endpoint));
    if (error === undefined && added.length + removed.length + changed.length === 0) return undefined;
    return {
      target,
      added,
      removed,
      ...(changed.length > 0 && { changed }),
      endpoints: now.size,
      reason,
      ...(error !== undefined && { error }),
    };
  });
}

/** In another order they are another endpoint here, since it is then printed otherwise. */
function byAddresses(endpoints: readonly Endpoint[] = []): ReadonlyMap<string, Endpoint> {
  return new Map(endpoints.map((endpoint) => [JSON.stringify(endpoint.addresses.map(addressKey)), endpoint]));
}
