/** A policy that reads its config as those of `@petiole/balancer` do: a bad config is a value that carries its error. */
import { experimental } from '@grpc/grpc-js';
import { integer } from '../src/index.js';
import { declareFields, petiolePolicies } from '../src/internal.js';

const declared = declareFields('counted', { repeat: integer({ min: 1, max: 10, default: 3 }) });

class CountedConfig {
  readonly error: Error | undefined;

  constructor(json: Record<string, unknown>) {
    try {
      declared.parse(json);
    } catch (error) {
      this.error = error as Error;
    }
  }

  static createFromJson(json: unknown): CountedConfig {
    return new CountedConfig(json as Record<string, unknown>);
  }

  getLoadBalancerName(): string {
    return 'counted';
  }

  toJsonObject(): object {
    return { counted: {} };
  }
}

/** It spreads RPCs as `round_robin` does. */
class CountedPolicy {
  readonly #inner: experimental.ChildLoadBalancerHandler;

  constructor(helper: experimental.ChannelControlHelper) {
    this.#inner = new experimental.ChildLoadBalancerHandler(helper);
  }

  updateAddressList(
    ...[endpoints, , options, note]: Parameters<experimental.LoadBalancer['updateAddressList']>
  ) {
    return this.#inner.updateAddressList(endpoints, roundRobin(), options, note);
  }

  exitIdle(): void {
    this.#inner.exitIdle();
  }

  resetBackoff(): void {
    this.#inner.resetBackoff();
  }

  destroy(): void {
    this.#inner.destroy();
  }

  getTypeName(): string {
    return 'counted';
  }
}

function roundRobin(): experimental.TypedLoadBalancingConfig {
  return experimental.parseLoadBalancingConfig({ round_robin: {} });
}

/** Registers it as one of Petiole's. */
export function registerCounted(): void {
  experimental.registerLoadBalancerType('counted', CountedPolicy, CountedConfig);
  petiolePolicies().registered.set('counted', declared);
}
