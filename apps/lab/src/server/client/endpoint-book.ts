/**
 * What the client knows of each endpoint: its state and health, since when and why, and which address is connected. Policies
 * of Petiole tell it on diagnostics channels; of grpc-js's own, channelz does.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EndpointEvent, HealthEvent } from '@petiole/balancer';
import { addressStates, stateOfAddresses } from '@petiole/echo-client/channelz';
import type { EchoClient } from '@petiole/echo-proto';
import type { EndpointView } from '../../protocol.js';

interface Entry extends EndpointView {
  readonly addresses: readonly string[];
  /** The policy tells its state. */
  readonly isTold: boolean;
  /** While one policy follows another, both watch its health. */
  readonly watches: number;
}

const CONNECTIVITY = 'petiole.endpoint.state';
const HEALTH = 'petiole.health.status';

export class EndpointBook {
  readonly #target: string;
  readonly #now: () => number;
  readonly #changed: () => void;
  #entries = new Map<string, Entry>();

  /** @param now the time that `since` is in */
  constructor(target: string, now: () => number, changed: () => void) {
    this.#target = target;
    this.#now = now;
    this.#changed = changed;
    subscribe(CONNECTIVITY, this.#onState);
    subscribe(HEALTH, this.#onHealth);
  }

  close(): void {
    unsubscribe(CONNECTIVITY, this.#onState);
    unsubscribe(HEALTH, this.#onHealth);
  }

  find(name: string): EndpointView | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    const { addresses: _, isTold: __, watches: ___, ...view } = entry;
    return view;
  }

  /** The resolver names these from now on. */
  rename(endpoints: readonly (readonly string[])[]): void {
    const named = endpoints.map((addresses): [string, Entry] => {
      const name = addresses.join('+');
      return [name, this.#entries.get(name) ?? this.#unknown(name, addresses)];
    });
    this.#entries = new Map(named);
  }

  /** Another policy is under way, which may tell nothing. The end of the old one's watches is told. */
  forgetPolicy(): void {
    for (const entry of this.#entries.values()) this.#put({ ...entry, isTold: false });
  }

  /** Asks channelz what nobody tells. */
  refresh(client: EchoClient): void {
    const states = new Map(addressStates(client).map(({ address, state }) => [address, state]));
    for (const entry of this.#entries.values()) {
      const { connected: before, ...rest } = entry;
      const connected = entry.addresses.find((address) => states.get(address) === 'READY');
      const state = entry.isTold
        ? entry.state
        : stateOfAddresses(entry.addresses.map((address) => states.get(address)));
      if (connected === before && state === entry.state) continue;
      const since = state === entry.state ? {} : { state, since: this.#now(), reason: '' };
      this.#put({ ...rest, ...since, ...(connected === undefined ? {} : { connected }) });
    }
  }

  #unknown(name: string, addresses: readonly string[]): Entry {
    return { name, addresses, state: 'IDLE', since: this.#now(), reason: '', isTold: false, watches: 0 };
  }

  #put(entry: Entry): void {
    this.#entries.set(entry.name, entry);
    this.#changed();
  }

  #entryOf({ target, endpoint }: EndpointEvent<string>): Entry | undefined {
    return target === this.#target ? this.#entries.get(endpoint) : undefined;
  }

  #onState = (message: unknown): void => {
    const event = message as EndpointEvent;
    const entry = this.#entryOf(event);
    // The end of one that the resolver still names is the end of the policy that was there before.
    if (entry === undefined || event.to === 'SHUTDOWN') return;
    this.#put({ ...entry, state: event.to, since: this.#now(), reason: event.reason, isTold: true });
  };

  #onHealth = (message: unknown): void => {
    const event = message as HealthEvent;
    const entry = this.#entryOf(event);
    if (entry === undefined) return;
    const { health: _, ...rest } = entry;
    const isFirst = event.from === 'PENDING';
    if (event.to !== 'ENDED')
      this.#put({ ...entry, health: event.to, watches: entry.watches + (isFirst ? 1 : 0) });
    else if (!isFirst) {
      const watches = entry.watches - 1;
      this.#put(watches > 0 ? { ...entry, watches } : { ...rest, watches: 0 });
    }
  };
}
