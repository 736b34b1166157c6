/** The messages of both diagnostics channels of a test, in the order in which they come. */
import { Condition } from '@petiole/test-kit/condition';
import { hear } from '@petiole/test-kit/hear';
import type { EndpointEvent, EndpointState, HealthStatus } from '../../src/index.js';

const CHANNELS = { 'petiole.endpoint.state': 'state', 'petiole.health.status': 'health' } as const;

interface LoggedEvent extends EndpointEvent<EndpointState | HealthStatus> {
  readonly channel: 'state' | 'health';
}

export class EventLog {
  readonly events: LoggedEvent[] = [];
  private readonly observed: Condition = new Condition();

  /** Listens until the test ends. */
  static start(): EventLog {
    const log = new EventLog();
    hear<EndpointEvent>(Object.keys(CHANNELS), (event, name) => {
      log.events.push({ ...event, channel: CHANNELS[name as keyof typeof CHANNELS] });
      log.observed.changed();
    });
    return log;
  }

  /** `state CONNECTING -> READY: connected to 127.0.0.1:1` for each event of one endpoint, or of all. */
  lines(endpoint?: string): string[] {
    return this.events
      .filter((event) => endpoint === undefined || event.endpoint === endpoint)
      .map(({ channel, from, to, reason }) => `${channel} ${from} -> ${to}: ${reason}`);
  }

  /** How often an endpoint entered that state or status. */
  count(endpoint: string, to: string): number {
    return this.events.filter((event) => event.endpoint === endpoint && event.to === to).length;
  }

  /** Waits (bounded by 15 s) for a condition on the events. */
  until(condition: () => boolean, what: string): Promise<void> {
    return this.observed.until(
      condition,
      15_000,
      () => `no such events: ${what}; but\n${this.lines().join('\n')}`,
    );
  }

  /** Waits until each of these endpoints has entered that state `count` times. */
  untilEntered(endpoints: readonly string[], to: string, count = 1): Promise<void> {
    return this.until(
      () => endpoints.every((endpoint) => this.count(endpoint, to) >= count),
      `${endpoints.join(', ')} ${to} ${count} times`,
    );
  }

  /** Waits until one of an endpoint's events, from that index on, is to this state or status. */
  async event(endpoint: string, to: string, from = 0): Promise<LoggedEvent> {
    const find = () =>
      this.events.find((event, index) => index >= from && event.endpoint === endpoint && event.to === to);
    await this.until(() => find() !== undefined, `${endpoint} ${to}`);
    return find() as LoggedEvent;
  }

  /** The index of the next event, for {@link event}. */
  get now(): number {
    return this.events.length;
  }
}
