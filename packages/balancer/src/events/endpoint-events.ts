/**
 * Endpoint events on `node:diagnostics_channel`: what happened to which endpoint, and why. They come in order, when
 * the change is over, so that a subscriber may close the client. Free when nobody listens.
 */
import { type Channel, channel } from 'node:diagnostics_channel';

/** `HealthCheckResponse.ServingStatus`: the four answers of a server. */
export type ServingStatus = 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

/**
 * What is known of a connection's health. Beside the four answers of the server:
 * - `PENDING`: no answer yet; RPCs wait.
 * - `FAILED`: the watch failed without an answer and will be tried again. The endpoint is out until it answers; A17
 *   would have it CONNECTING during each attempt, and RPCs wait for a server that is ill.
 * - `UNIMPLEMENTED`: the server has no health service, or a proxy does not find it (HTTP status 404): nobody can say
 *   how the server is. It counts as healthy, as in A17.
 * - `ENDED`: the connection is closed or no longer in use, and so the watch. Only events have it.
 */
export type HealthStatus = ServingStatus | 'PENDING' | 'FAILED' | 'UNIMPLEMENTED' | 'ENDED';

/** The connectivity state of an endpoint, as gRPC names it; `SHUTDOWN` once it has been removed. */
export type EndpointState = 'IDLE' | 'CONNECTING' | 'READY' | 'TRANSIENT_FAILURE' | 'SHUTDOWN';

/** A message of the diagnostics channel `petiole.endpoint.state`. */
export interface EndpointEvent<Status extends string = EndpointState> {
  /** The channel's target; undefined behind resolvers that do not tell it (grpc-js's own `dns:` and `ipv4:`). */
  readonly target: string | undefined;
  /** All addresses of the endpoint, e.g. `[::1]:50051+127.0.0.1:50051`. */
  readonly endpoint: string;
  /** What it was before. */
  readonly from: Status;
  /** What it became; by now it may have gone on. */
  readonly to: Status;
  /** Why, in words for an operator: `connect ECONNREFUSED 127.0.0.1:50051`, `health check: NOT_SERVING`, …. */
  readonly reason: string;
}

/** A message of the diagnostics channel `petiole.health.status`. */
export type HealthEvent = EndpointEvent<HealthStatus>;

/** A message of the diagnostics channel `petiole.endpoint.streams`. */
export interface StreamsEvent extends Pick<EndpointEvent, 'target' | 'endpoint'> {
  /** RPCs of this client that wait for a stream; 0 when that is over. */
  readonly waiting: number;
  /** How many streams the server allows at a time on one connection. */
  readonly allowed: number;
  /** How many connections the endpoint has. */
  readonly connections: number;
}

/** `petiole.endpoint.state`: an endpoint's connectivity state changed. */
export const endpointStateChannel: Channel = channel('petiole.endpoint.state');

/** `petiole.health.status`: the health of an endpoint's connection changed (gRFC A17); the change of state follows. */
export const healthStatusChannel: Channel = channel('petiole.health.status');

/**
 * `petiole.endpoint.streams`: RPCs wait because the connections of an endpoint have as many streams as the server allows, or do no
 * longer. Told when the first one of them waits, with their number at the end of that turn of the event loop, and when none does.
 */
export const endpointStreamsChannel: Channel = channel('petiole.endpoint.streams');
