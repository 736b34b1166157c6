/**
 * What is known of a target's endpoints: their addresses, which of them is
 * connected, their state, and every change of it. From the diagnostics
 * channels of Petiole's packages, and from channelz for all else.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EndpointEvent } from '@petiole/balancer';
import type { EchoClient } from '@petiole/echo-proto';
import type { ResolverUpdate } from '@petiole/resolver';
import { addressStates, stateOfAddresses } from './channelz.js';

/** One server, as far as the client can know it. */
export interface KnownEndpoint {
  /** `[::1]:50051+127.0.0.1:50051`: all its addresses. */
  readonly name: string;
  readonly addresses: readonly string[];
  /** `IDLE`, `CONNECTING`, `READY` or `TRANSIENT_FAILURE`. */
  readonly state: string;
  /** The address that its connection goes to. */
  readonly connected: string | undefined;
  /** The last error while it is not READY; empty before there was one. */
  readonly lastError: string;
  /** True once it has been READY. */
  readonly everReady: boolean;
}

/** Something happened to an endpoint. */
export interface EndpointChange {
  readonly endpoint: string;
  /** What the states are states of. */
  readonly kind: 'connectivity' | 'health';
  readonly from: string;
  readonly to: string;
  /** Why; empty where nobody says (policies of grpc-js's own). */
  readonly reason: string;
}

interface Entry extends KnownEndpoint {
  /** True if the policy tells its state; channelz is then not asked. */
  readonly told: boolean;
  /** Removed by the resolver, or its channel was closed. */
  readonly gone: boolean;
}

const UNKNOWN = { state: 'IDLE', connected: undefined, lastError: '', everReady: false, told: false };

/** Listens to every channel of this process from its construction on, until `close()`. */
export class EndpointDirectory {
  readonly #entries = new Map<string, Entry>();
  readonly #byAddress = new Map<string, string>();
  readonly #onChange: (change: EndpointChange) => void;

  constructor(onChange: (change: EndpointChange) => void = () => {}) {
    this.#onChange = onChange;
    subscribe('petiole.endpoint.state', this.#onState);
    subscribe('petiole.health.status', this.#onHealth);
    subscribe('petiole.resolver.update', this.#onResolverUpdate);
  }

  close(): void {
    unsubscribe('petiole.endpoint.state', this.#onState);
    unsubscribe('petiole.health.status', this.#onHealth);
    unsubscribe('petiole.resolver.update', this.#onResolverUpdate);
  }

  /** In the resolver's order. */
  endpoints(): readonly KnownEndpoint[] {
    return [...this.#entries.values()].filter(({ gone }) => !gone);
  }

  /** All that were ever seen, also those whose channel is closed. */
  everSeen(): readonly KnownEndpoint[] {
    return [...this.#entries.values()];
  }

  /** Whatever is known, also once its channel is closed. */
  find(name: string): KnownEndpoint | undefined {
    return this.#entries.get(name);
  }

  /** The endpoint that has this address, or undefined. */
  ownerOf(address: string): string | undefined {
    return this.#byAddress.get(address);
  }

  /** Asks channelz which addresses are connected, and what the policy does not tell. */
  refresh(client: EchoClient): void {
    const states = new Map(addressStates(client).map(({ address, state }) => [address, state]));
    for (const address of states.keys()) {
      if (!this.#byAddress.has(address)) this.#set(address, { gone: false });
    }
    for (const entry of this.#entries.values()) {
      if (entry.gone) continue;
      const connected = entry.addresses.find((address) => states.get(address) === 'READY');
      if (entry.connected !== connected) this.#set(entry.name, { connected });
      if (entry.told) continue;
      const state = stateOfAddresses(entry.addresses.map((address) => states.get(address)));
      if (state === entry.state) continue;
      this.#set(entry.name, { state, everReady: entry.everReady || state === 'READY' });
      this.#onChange({
        endpoint: entry.name,
        kind: 'connectivity',
        from: entry.state,
        to: state,
        reason: '',
      });
    }
  }

  #set(name: string, news: Partial<Entry>): void {
    const before = this.#entries.get(name);
    const entry = before ?? { name, addresses: name.split('+'), ...UNKNOWN, gone: false };
    this.#entries.set(name, { ...entry, ...news });
    // An address that goes from one endpoint to another may come back.
    if (before === undefined || news.gone === false)
      for (const address of entry.addresses) this.#byAddress.set(address, name);
  }

  #onState = (message: unknown): void => {
    const { endpoint, from, to, reason } = message as EndpointEvent;
    if (to === 'SHUTDOWN') {
      // The last words of a channel that was closed before this directory was there.
      if (!this.#entries.has(endpoint)) return;
      this.#set(endpoint, { gone: true, connected: undefined });
    } else {
      const before = this.#entries.get(endpoint);
      const lastError = to === 'TRANSIENT_FAILURE' ? reason : (before?.lastError ?? '');
      this.#set(endpoint, {
        state: to,
        told: true,
        gone: false,
        lastError: to === 'READY' ? '' : lastError,
        everReady: to === 'READY' || (before?.everReady ?? false),
      });
    }
    this.#onChange({ endpoint, kind: 'connectivity', from, to, reason });
  };

  #onHealth = (message: unknown): void => {
    const { endpoint, from, to, reason } = message as EndpointEvent;
    this.#onChange({ endpoint, kind: 'health', from, to, reason });
  };

  #onResolverUpdate = (message: unknown): void => {
    const { added, removed } = message as ResolverUpdate;
    for (const name of removed) {
      if (this.#entries.has(name)) this.#set(name, { gone: true, connected: undefined });
    }
    for (const name of added) this.#set(name, { gone: false });
  };
}
