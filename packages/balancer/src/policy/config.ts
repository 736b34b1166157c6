/**
 * A policy's parsed config. A bad one is a value that carries its error: an
 * exception would make grpc-js use `pick_first` in silence, and ends xDS's
 * wrr_locality.
 */
import type { experimental } from '@grpc/grpc-js';
import { show, thrownText, type UnreadField } from '@petiole/service-config/internal';
import { unreadFields } from './unread-fields.js';

export class PolicyConfig<Config> implements experimental.TypedLoadBalancingConfig {
  private readonly name: string;
  private readonly json: unknown;
  /** What the config means; meaningless with an error. */
  readonly value: Config | undefined;
  /** Why the config cannot be used. */
  readonly error: Error | undefined;
  /** The fields that `parseConfig` ignores. */
  readonly unreadFields: () => UnreadField[];

  constructor(
    name: string,
    json: unknown,
    value: Config | undefined,
    error: Error | undefined,
    unread: () => UnreadField[] = () => [],
  ) {
    this.name = name;
    this.json = json;
    this.value = value;
    this.error = error;
    this.unreadFields = unread;
  }

  getLoadBalancerName(): string {
    return this.name;
  }

  toJsonObject(): object {
    return { [this.name]: this.json ?? {} };
  }
}

/** What grpc-js keeps to parse configs with: it only ever calls `createFromJson`. */
export interface PolicyConfigType<Config> {
  // biome-ignore lint/suspicious/noExplicitAny: the shape that grpc-js declares
  new (...args: any[]): PolicyConfig<Config>;
  createFromJson(json: unknown): PolicyConfig<Config>;
}

/** The config class of one policy. Its `createFromJson` never throws. */
export function policyConfigType<Config>(
  name: string,
  parse: (json: Readonly<Record<string, unknown>>) => Config,
): PolicyConfigType<Config> {
  return class extends PolicyConfig<Config> {
    static createFromJson(json: unknown): PolicyConfig<Config> {
      try {
        if (typeof json !== 'object' || json === null || Array.isArray(json)) {
          throw new TypeError(`${name}: config must be an object, got ${show(json)}`);
        }
        const fields = json as Record<string, unknown>;
        const value = parse(fields);
        if (isPromise(value)) {
          value.catch(() => {}); // what it rejects with comes too late
          throw new TypeError(`${name}: parseConfig must return what the config means, got a promise`);
        }
        return new PolicyConfig(name, json, value, undefined, () => unreadFields(fields, parse));
      } catch (error) {
        return new PolicyConfig<Config>(name, json, undefined, toError(error));
      }
    }
  };
}

/** Of an async function, where one has been written by mistake. */
export function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise;
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(thrownText(thrown));
}
