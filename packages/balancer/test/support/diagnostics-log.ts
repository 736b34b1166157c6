/** The messages of both diagnostics channels of a test, in the order in which they come. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EndpointEvent, EndpointState, HealthStatus } from '../../src/index.js';
import { Condition } from './condition.js';
import { atEnd } from './fleet.js';

const CHANNELS = { 'petiole.endpoint.state': 'state', 'petiole.health.status': 'health' } as const;

export interface LoggedEvent extends EndpointEvent<EndpointState | HealthStatus> {
  readonly channel: 'state' | 'health';
}

export class DiagnosticsLog {
  readonly events: LoggedEvent[] = [];
  private readonly observed: Condition = new Condition();

  /** Listens until the test ends. */
  static start(): DiagnosticsLog {
    const log = new DiagnosticsLog();
    for (const [name, channel] of Object.entries(CHANNELS)) {
      const listener = (message: unknown) => {
        log.events.push({ ...(message as EndpointEvent), channel });
        log.observed.changed();
      };
      subscribe(name, listener);
      atEnd(() => unsubscribe(name, listener));
    }
    return log;
  }

  /** `state CONNECTING -> READY: connected to 127.0.0.1:1` for each event of one endpoint. */
  lines(endpoint?: string): string[] {
    return this.events
      .filter((event) => endpoint === undefined || event.endpoint === endpoint)
      .map(({ channel, from, to, reason }) => `${channel} ${from} -> ${to}: ${reason}`);
  }

  /** Waits (bounded by 10 s) until one of an endpoint's events, from that index on, is to this state or status. */
  async until(endpoint: string, to: string, from = 0): Promise<LoggedEvent> {
    const find = () =>
      this.events.find((event, index) => index >= from && event.endpoint === endpoint && event.to === to);
    await this.observed.until(
      () => find() !== undefined,
      10_000,
      () => `${endpoint} never became ${to}; its events:\n${this.lines().join('\n')}`,
    );
    return find() as LoggedEvent;
  }

  /** The index of the next event, for {@link until}. */
  get now(): number {
    return this.events.length;
  }
}
