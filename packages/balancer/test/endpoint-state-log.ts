/** The endpoint state events of a test, as they come. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EndpointEvent } from '../src/index.js';
import { atEnd } from './fleet.js';

export class EndpointStateLog {
  readonly events: EndpointEvent[] = [];
  private readonly observers: Set<() => void> = new Set();

  /** Listens until the test ends. */
  static start(): EndpointStateLog {
    const log = new EndpointStateLog();
    const listener = (message: unknown) => {
      log.events.push(message as EndpointEvent);
      for (const observer of log.observers) observer();
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
    return new Promise((resolve, reject) => {
      const finish = (end: () => void) => {
        clearTimeout(timer);
        this.observers.delete(observe);
        end();
      };
      const observe = () => {
        if (condition()) finish(resolve);
      };
      const timer = setTimeout(() => finish(() => reject(new Error(`no such events: ${what}`))), 15_000);
      this.observers.add(observe);
      observe();
    });
  }

  /** Waits until each of these endpoints has entered that state `count` times. */
  untilEntered(endpoints: readonly string[], to: string, count = 1): Promise<void> {
    return this.until(
      () => endpoints.every((endpoint) => this.count(endpoint, to) >= count),
      `${endpoints.join(', ')} ${to} ${count} times`,
    );
  }
}
