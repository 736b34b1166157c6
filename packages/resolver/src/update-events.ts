/**
 * The diagnostics channel `petiole.resolver.update`: one plain object for each change that a resolver hands to a channel.
 * Nothing is computed while nobody subscribes.
 */
import diagnostics from 'node:diagnostics_channel';
import { type Endpoint, formatEndpoint } from './endpoint.js';

/** The name to give to `diagnostics_channel.subscribe`. */
export const UPDATE_CHANNEL = 'petiole.resolver.update';

/** A message on `petiole.resolver.update`. Endpoints are printed as `[::1]:50051+127.0.0.1:50051`. */
export interface ResolverUpdate {
  /** The channel's target string. */
  readonly target: string;
  /** Endpoints that were not in the previous result. */
  readonly added: readonly string[];
  /** Endpoints of the previous result that are gone. */
  readonly removed: readonly string[];
  /** How many endpoints the channel has now. */
  readonly endpoints: number;
  /** Why the resolver spoke: `first resolution`, `requested`, `periodic refresh`, `retry`, `update`, `replay`. */
  readonly reason: string;
  /** Only when name resolution failed: why. The channel may have kept its endpoints. */
  readonly error?: string;
}

const channel = diagnostics.channel(UPDATE_CHANNEL);

/** Publishes the difference between two results, or an error; silent when there is neither. */
export function publishUpdate(
  target: string,
  before: readonly Endpoint[],
  after: readonly Endpoint[],
  reason: string,
  error?: string,
): void {
  if (!channel.hasSubscribers) return;
  const old = new Set(before.map(formatEndpoint));
  const now = new Set(after.map(formatEndpoint));
  const added = [...now].filter((endpoint) => !old.has(endpoint));
  const removed = [...old].filter((endpoint) => !now.has(endpoint));
  if (error === undefined && added.length === 0 && removed.length === 0) return;
  const update: ResolverUpdate = {
    target,
    added,
    removed,
    endpoints: now.size,
    reason,
    ...(error === undefined ? {} : { error }),
  };
  channel.publish(update);
}
