/**
 * What becomes of each endpoint, as the balancer tells it on the diagnostics
 * channel `petiole.endpoint.state`. The source of "who is missing, and why".
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EndpointEvent } from '@petiole/balancer';

/** The newest state of one endpoint. */
export interface EndpointState {
  /** `IDLE`, `CONNECTING`, `READY`, `TRANSIENT_FAILURE`. */
  readonly state: string;
  /** The last error while it is not connected; empty before there was one. */
  readonly lastError: string;
  /** True once it has been READY. */
  readonly everReady: boolean;
}

export interface EndpointStates {
  /** The state of the endpoint with these addresses; undefined while the policy does not know it. */
  of(addresses: readonly string[]): EndpointState | undefined;
  /** Stops listening. */
  close(): void;
}

/** Listens to every channel of this process from now on. */
export function watchEndpointStates(): EndpointStates {
  const states = new Map<string, EndpointState>();
  const onEvent = (message: unknown): void => {
    const { endpoint, to, reason } = message as EndpointEvent;
    // A channel that closes takes its endpoints with it; what they were until then is the answer.
    if (to === 'SHUTDOWN') return;
    const before = states.get(endpoint);
    states.set(endpoint, {
      state: to,
      lastError: to === 'TRANSIENT_FAILURE' ? reason : to === 'READY' ? '' : (before?.lastError ?? ''),
      everReady: to === 'READY' || (before?.everReady ?? false),
    });
  };
  subscribe('petiole.endpoint.state', onEvent);
  return {
    of: (addresses) => states.get(addresses.join('+')),
    close: () => unsubscribe('petiole.endpoint.state', onEvent),
  };
}
