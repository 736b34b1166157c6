/**
 * RPCs that wait for a stream: which endpoints have any, and who is told of it. Without that they would die of their deadlines
 * and nobody could say why. One event when it begins for an endpoint and one when it ends; one line in the log, or none, if there
 * was one a short while ago.
 */
import { setImmediate } from 'node:timers';
import type { experimental } from '@grpc/grpc-js';
import { logError, publishLater } from '@petiole/service-config/internal';
import { endpointStreamsChannel, type StreamsEvent } from '../events/endpoint-events.js';
import { streamsAllowedOn, waitersOn } from '../grpc-js/streams.js';

/** The least time between two lines in the log. */
const LOG_INTERVAL_MS = 60_000;

export interface Crowded {
  /** How its connections are used now. */
  streams(): StreamsEvent;
}

/**
 * How connections are used.
 *
 * @param own the RPCs of the endpoint: other channels may have some on the same connections
 */
export function usageOf(
  subchannels: readonly (experimental.SubchannelInterface | null)[],
  own: number,
): Pick<StreamsEvent, 'waiting' | 'allowed' | 'connections'> {
  const connected = subchannels.filter((subchannel) => subchannel !== null);
  const waiting = connected.reduce((sum, subchannel) => sum + waitersOn(subchannel), 0);
  return {
    waiting: Math.min(waiting, own),
    allowed: Math.min(...connected.map(streamsAllowedOn)),
    connections: connected.length,
  };
}

export class StreamWaits {
  /** With what was told when it began; undefined before that. */
  private readonly crowded: Map<Crowded, StreamsEvent | undefined> = new Map();
  private readonly policy: string;
  private loggedAt = Number.NEGATIVE_INFINITY;

  /** @param policy its name, for the log */
  constructor(policy: string) {
    this.policy = policy;
  }

  /** An RPC of the endpoint has started, and waits. */
  began(endpoint: Crowded): void {
    if (this.crowded.has(endpoint)) return;
    this.crowded.set(endpoint, undefined);
    // Whatever else is to start in this turn may wait, too.
    setImmediate(() => this.report(endpoint));
  }

  /** An RPC of the endpoint has ended. */
  mayHaveEnded(endpoint: Crowded): void {
    if (this.crowded.size === 0 || !this.crowded.has(endpoint) || endpoint.streams().waiting > 0) return;
    this.left(endpoint);
  }

  /** The endpoint is no longer in use. */
  left(endpoint: Crowded): void {
    const told = this.crowded.get(endpoint);
    this.crowded.delete(endpoint);
    if (told !== undefined)
      publishLater<StreamsEvent>(endpointStreamsChannel, () => ({ ...told, waiting: 0 }));
  }

  private report(endpoint: Crowded): void {
    if (!this.crowded.has(endpoint)) return;
    const event = endpoint.streams();
    if (event.waiting === 0) {
      this.crowded.delete(endpoint);
      return;
    }
    this.crowded.set(endpoint, event);
    publishLater<StreamsEvent>(endpointStreamsChannel, () => event);
    const now = performance.now();
    if (now - this.loggedAt < LOG_INTERVAL_MS) return;
    this.loggedAt = now;
    logError(`${this.policy}: ${describe(event)}`);
  }
}

function describe({ waiting, allowed, endpoint, connections }: StreamsEvent): string {
  const who = waiting === 1 ? '1 RPC waits' : `${waiting} RPCs wait`;
  const where = connections === 1 ? 'on a connection' : `on each of ${connections} connections`;
  return (
    `${who} for a stream of ${endpoint}: the server allows ${allowed} at a time ${where}. ` +
    'connectionScaling in the service config allows for more connections; such lines come once a minute at most.'
  );
}
