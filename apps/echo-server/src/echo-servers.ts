/**
 * All listeners of this process, and what can be done to them by number:
 * the one place that keys, lines on stdin and signals lead to.
 */
import { ListenError } from '@petiole/serving';
import { Listener, type ListenerConfig } from './listener.js';
import type { ServerEvent } from './server-event.js';

export interface EchoServersConfig extends Omit<ListenerConfig, 'address' | 'onRpc'> {
  readonly addresses: readonly string[];
  /** How long RPCs in flight may take when a listener stops. */
  readonly graceMs: number;
  readonly report: (event: ServerEvent) => void;
}

export class EchoServers {
  readonly listeners: readonly Listener[];
  readonly #graceMs: number;
  readonly #report: (event: ServerEvent) => void;
  #closed = false;

  constructor({ addresses, graceMs, report, ...config }: EchoServersConfig) {
    this.#graceMs = graceMs;
    this.#report = report;
    this.listeners = addresses.map((address) => {
      const listener: Listener = new Listener({
        ...config,
        address,
        onRpc: (rpc) => report({ event: 'rpc', listener: listener.address, ...rpc }),
      });
      return listener;
    });
  }

  /**
   * Opens all listeners or none: when one fails, those that did open are closed before this rejects.
   * @throws {ListenError} (rejects) with the failures of all.
   */
  async open(): Promise<void> {
    const results = await Promise.allSettled(this.listeners.map((listener) => listener.start()));
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (failures.length > 0) {
      await Promise.all(this.listeners.map((listener) => listener.stop(0)));
      throw new ListenError(failures.map((failure: Error) => failure.message).join('; '), {
        cause: failures,
      });
    }
    this.#report({ event: 'serving', listeners: this.listeners.map(({ address }) => address) });
  }

  /** Drains them all, for good. Health says NOT_SERVING first. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.listeners.map((listener) => this.#drain(listener, 'shutdown')));
  }

  /** Opens a listener that is stopped; its number is its place in the list, from 1. */
  async start(number: number): Promise<void> {
    const listener = this.#at(number);
    if (listener === undefined || this.#closed) return;
    if (listener.state !== 'stopped') {
      const why =
        listener.state === 'draining'
          ? `still drains; stop ${number} once more cuts off what it waits for`
          : 'is started already';
      this.#report({ event: 'error', message: `listener ${number} (${listener.address}) ${why}` });
      return;
    }
    try {
      await listener.start();
    } catch (error) {
      this.#report({ event: 'error', message: (error as Error).message });
      return;
    }
    this.#report({ event: 'started', listener: listener.address });
  }

  /** Drains a listener; asked again, cuts off what it still waits for. */
  async stop(number: number): Promise<void> {
    const listener = this.#at(number);
    if (listener?.state === 'draining') listener.cutOff();
    else if (listener !== undefined) await this.#drain(listener, 'command');
  }

  /** Stops a listener that serves, starts one that is stopped. */
  async toggle(number: number): Promise<void> {
    if (this.#at(number)?.state === 'stopped') await this.start(number);
    else await this.stop(number);
  }

  /** SERVING becomes NOT_SERVING, and back; of a stopped listener from its next start on. */
  flipHealth(number: number): void {
    const listener = this.#at(number);
    if (listener === undefined) return;
    listener.healthy = !listener.healthy;
    const status = listener.healthy ? 'SERVING' : 'NOT_SERVING';
    this.#report({ event: 'health', listener: listener.address, status });
  }

  /** All of them: what one who cannot name a listener can ask for. */
  flipEveryHealth(): void {
    for (let number = 1; number <= this.listeners.length; number++) this.flipHealth(number);
  }

  #at(number: number): Listener | undefined {
    const listener = this.listeners[number - 1];
    if (listener === undefined) {
      const message = `there is no listener ${number}, only 1 to ${this.listeners.length}`;
      this.#report({ event: 'error', message });
    }
    return listener;
  }

  async #drain(listener: Listener, why: 'command' | 'shutdown'): Promise<void> {
    if (listener.state === 'starting') await listener.startOver;
    const { state, address, rpcsInFlight } = listener;
    const stopped = listener.stop(this.#graceMs);
    if (state !== 'serving') return void (await stopped);
    this.#report({ event: 'draining', listener: address, why, inFlight: rpcsInFlight });
    this.#report({ event: 'stopped', listener: address, why, cutOff: await stopped });
  }
}
