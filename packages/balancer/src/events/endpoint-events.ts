/**
 * Endpoint events on `node:diagnostics_channel`: what happened to which
 * endpoint, and why. They come in order, when the change is over, so that a
 * subscriber may close the client. Free when nobody listens.
 */
import { type Channel, channel } from 'node:diagnostics_channel';
import type { HealthStatus } from '../health/checked-subchannel.js';

/** A message of the diagnostics channels `petiole.endpoint.state` and `petiole.health.status`. */
export interface EndpointEvent {
  /** The channel's target; undefined behind resolvers that do not tell it (grpc-js's own `dns:` and `ipv4:`). */
  readonly target: string | undefined;
  /** All addresses of the endpoint, e.g. `[::1]:50051+127.0.0.1:50051`. */
  readonly endpoint: string;
  /** `IDLE`, `CONNECTING`, `READY`, `TRANSIENT_FAILURE`, `SHUTDOWN`; for health see {@link HealthStatus}. */
  readonly from: string;
  readonly to: string;
  /** Why, in words for an operator: `connect ECONNREFUSED 127.0.0.1:50051`, `health check: NOT_SERVING`, …. */
  readonly reason: string;
}

/** `petiole.endpoint.state`: an endpoint's connectivity state changed. */
export const endpointStateChannel: Channel = channel('petiole.endpoint.state');

/** `petiole.health.status`: the health of an endpoint's connection changed (gRFC A17); the change of state follows. */
export const healthStatusChannel: Channel = channel('petiole.health.status');
