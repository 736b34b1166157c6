/**
 * A policy's parsed config. A bad one is a value that carries its error: an exception would make grpc-js use
 * `pick_first` in silence (B15), and ends xDS's wrr_locality.
 */
import { isDeepStrictEqual } from 'node:util';
import type { experimental } from '@grpc/grpc-js';
import { logError, messageOf } from '@petiole/service-config/internal';

/** What a config means, or why it cannot be used. */
type Outcome<Config> =
  | { readonly is: 'good'; readonly config: Config }
  | { readonly is: 'bad'; readonly complaint: string };

export class PolicyConfig<Config> implements experimental.TypedLoadBalancingConfig {
  private readonly name: string;
  private readonly json: unknown;
  readonly outcome: Outcome<Config>;

  /** @param parse may throw, this constructor does not */
  constructor(name: string, json: unknown, parse: (json: unknown) => Config) {
    this.name = name;
    this.json = json;
    try {
      this.outcome = { is: 'good', config: parse(json) };
    } catch (error) {
      this.outcome = { is: 'bad', complaint: messageOf(error) };
    }
  }

  getLoadBalancerName(): string {
    return this.name;
  }

  toJsonObject(): object {
    return { [this.name]: this.json ?? {} };
  }
}

/** The config that one instance of a policy goes by: the last good one. */
export class ConfigInForce<Config> {
  /** In a box of its own: a policy's Config may well be undefined. */
  current: { readonly value: Config } | undefined = undefined;
  /** What is wrong with the newest one. */
  complaint: string | undefined = undefined;

  /** Takes the config of an update. True if another one is in force from now on. */
  adopt({ outcome }: PolicyConfig<Config>): boolean {
    const { current, complaint: before } = this;
    if (outcome.is === 'bad') {
      const { complaint } = outcome;
      const consequence = current ? 'The last good config stays in force' : 'RPCs fail until it is mended';
      // Once, not on each re-resolution.
      if (complaint !== before) logError(`Bad load-balancing config: ${complaint}. ${consequence}.`);
      this.complaint = complaint;
      return false;
    }
    this.complaint = undefined;
    const { config: value } = outcome;
    if (current !== undefined && isDeepStrictEqual(current.value, value)) return false;
    this.current = { value };
    return true;
  }
}
