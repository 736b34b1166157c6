/** The endpoint state events of a test, as they come. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EndpointEvent } from '../../src/index.js';
import { Condition } from './condition.js';
import { atEnd } from './fleet.js';

export class EndpointStateLog {
  readonly events: EndpointEvent[] = [];
  private readonly observed: Condition = new Condition();

  /** Listens until the test ends. */
  static start(): EndpointStateLog {
    const log = new EndpointStateLog();
    const listener = (message: unknown) => {
      log.events.push(message as EndpointEvent);
      log.observed.changed();
    };
    subscribe('petiole.endpoint.state', listener);
    atEnd(() => unsubscribe('petiole.endpoint.state', listener));
    return log;
  }

  /** How often an endpoint entered that state. */
  count(endpoint: string, to: string): number {
    return this.events.filter((event) => event.endpoint === endpoint && event.to === to).length;
  }

  /** Waits (bounded by 15 s) for a condition on the events. */
  until(condition: () => boolean, what: string): Promise<void> {
    return this.observed.until(condition, 15_000, () => `no such events: ${what}`);
  }

  /** Waits until each of these endpoints has entered that state `count` times. */
  untilEntered(endpoints: readonly string[], to: string, count = 1): Promise<void> {
    return this.until(
      () => endpoints.every((endpoint) => this.count(endpoint, to) >= count),
      `${endpoints.join(', ')} ${to} ${count} times`,
    );
  }
}
