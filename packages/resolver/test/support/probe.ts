/** Stands in for a channel: makes a resolver and records what its listener is told. */
import type { ChannelOptions, experimental, ServiceConfig, StatusObject } from '@grpc/grpc-js';
import { endpointName } from '@petiole/service-config/internal';
import { expect, onTestFinished } from 'vitest';
import type { ResolverClass } from '../../src/grpc-js/registration.js';

export interface ListenerCall {
  /** `[::1]:1+127.0.0.1:1`; undefined for an error. */
  readonly endpoints: readonly string[] | undefined;
  readonly raw: readonly experimental.Endpoint[] | undefined;
  readonly error: StatusObject | undefined;
  readonly attributes: { readonly [key: string]: unknown };
  readonly serviceConfig: ServiceConfig | null;
  readonly note: string;
}

/** Splits a target as grpc-js does. */
export function uri(target: string): experimental.GrpcUri {
  const match = /^([A-Za-z0-9+.-]+):(?:\/\/([^/]*)\/)?(.+)$/.exec(target);
  expect(match, `${target} does not reach a resolver`).not.toBeNull();
  const [, scheme = '', authority, path = ''] = match ?? [];
  return { scheme, path, ...(authority === undefined ? {} : { authority }) };
}

export class Probe {
  readonly calls: ListenerCall[] = [];
  readonly resolver: experimental.Resolver;
  /** What the listener returns: whether the policy accepts. */
  accept = true;
  /** Runs inside each listener call, as a policy that asks again does. */
  inside: (() => void) | undefined;
  #read = 0;
  #wake: (() => void) | undefined;

  constructor(resolverClass: ResolverClass, target: string, options: ChannelOptions = {}) {
    this.resolver = new resolverClass(uri(target), this.#listener, options);
    onTestFinished(() => this.resolver.destroy());
  }

  /** Asks for a resolution as grpc-js does. Resolves when a look has begun, if it is to begin at once. */
  async request(): Promise<void> {
    this.resolver.updateResolution();
    await null;
  }

  /** Asks for a resolution and gives the next call of the listener. */
  ask(): Promise<ListenerCall> {
    this.resolver.updateResolution();
    return this.next();
  }

  /** The next call that was not given yet. */
  async next(): Promise<ListenerCall> {
    while (this.calls.length <= this.#read) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const call = this.calls[this.#read];
    this.#read += 1;
    if (call === undefined) throw new Error('unreachable');
    return call;
  }

  readonly #listener: experimental.ResolverListener = (endpoints, attributes, serviceConfig, note) => {
    this.calls.push({
      endpoints: endpoints.ok ? endpoints.value.map(endpointName) : undefined,
      raw: endpoints.ok ? endpoints.value : undefined,
      error: endpoints.ok ? undefined : endpoints.error,
      attributes,
      serviceConfig: serviceConfig?.ok ? serviceConfig.value : null,
      note,
    });
    this.inside?.();
    this.#wake?.();
    return this.accept;
  };
}
