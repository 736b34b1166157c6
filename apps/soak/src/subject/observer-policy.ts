/**
 * `soak_observer`: a policy around the policy under test that sees each pick
 * and each start of an RPC on a connection, and changes neither. Works around
 * grpc-js's own policies as well as around ours.
 */
import { experimental } from '@grpc/grpc-js';
import { type Connection, connectionOf } from '../findings/connection-watch.js';

const NAME = 'soak_observer';

/** The metadata key that tells the observer which RPC is picked for. */
export const RPC_ID_KEY = 'x-soak-rpc';

export interface PickObserver {
  /** The policy has accepted these endpoints, by their first addresses. */
  listed(addresses: readonly string[]): void;
  /** The policy has answered with this connection. */
  picked(rpcId: string, connection: Connection): void;
  /** The RPC has been put on this connection. */
  sent(rpcId: string, connection: Connection): void;
}

const observers = new Map<string, PickObserver>();

class ObserverConfig implements experimental.TypedLoadBalancingConfig {
  readonly observer: PickObserver;
  readonly child: experimental.TypedLoadBalancingConfig;

  constructor(observer: PickObserver, child: experimental.TypedLoadBalancingConfig) {
    this.observer = observer;
    this.child = child;
  }

  getLoadBalancerName(): string {
    return NAME;
  }

  toJsonObject(): object {
    return {};
  }

  static createFromJson(json: { observer: string; child: object }): ObserverConfig {
    const observer = observers.get(json.observer);
    if (observer === undefined) throw new Error(`${NAME}: nobody observes as ${json.observer}`);
    return new ObserverConfig(observer, experimental.parseLoadBalancingConfig(json.child as never));
  }
}

class ObserverPolicy implements experimental.LoadBalancer {
  readonly #child: experimental.ChildLoadBalancerHandler;
  #observer: PickObserver | undefined;

  constructor(helper: experimental.ChannelControlHelper) {
    this.#child = new experimental.ChildLoadBalancerHandler(
      experimental.createChildChannelControlHelper(helper, {
        updateState: (state, picker, error) => helper.updateState(state, this.#observe(picker), error),
      }),
    );
  }

  updateAddressList(
    endpoints: experimental.StatusOr<experimental.Endpoint[]>,
    config: experimental.TypedLoadBalancingConfig,
    options: Parameters<experimental.LoadBalancer['updateAddressList']>[2],
    note: string,
  ): boolean {
    if (!(config instanceof ObserverConfig)) return false;
    this.#observer = config.observer;
    const accepted = this.#child.updateAddressList(endpoints, config.child, options, note);
    if (accepted && endpoints.ok) config.observer.listed(endpoints.value.map(firstAddress));
    return accepted;
  }

  exitIdle(): void {
    this.#child.exitIdle();
  }

  resetBackoff(): void {
    this.#child.resetBackoff();
  }

  destroy(): void {
    this.#child.destroy();
  }

  getTypeName(): string {
    return NAME;
  }

  #observe(picker: experimental.Picker): experimental.Picker {
    const observer = this.#observer;
    return {
      pick(args) {
        const result = picker.pick(args);
        const { subchannel } = result;
        if (subchannel === null || observer === undefined) return result;
        const id = String(args.metadata.get(RPC_ID_KEY)[0]);
        observer.picked(id, connectionOf(subchannel));
        return {
          ...result,
          onCallStarted: () => {
            result.onCallStarted?.();
            observer.sent(id, connectionOf(subchannel));
          },
        };
      },
    };
  }
}

function firstAddress({ addresses: [first] }: experimental.Endpoint): string {
  return first === undefined ? '' : experimental.subchannelAddressToString(first);
}

/** A service config for the policy `child`, observed under that name; health is that of `service`. */
export function observedServiceConfig(
  name: string,
  observer: PickObserver,
  child: object,
  service: string,
): string {
  if (!experimental.isLoadBalancerNameRegistered(NAME)) {
    experimental.registerLoadBalancerType(NAME, ObserverPolicy, ObserverConfig);
  }
  observers.set(name, observer);
  return JSON.stringify({
    loadBalancingConfig: [{ [NAME]: { observer: name, child } }],
    healthCheckConfig: { serviceName: service },
  });
}

export function stopObserving(name: string): void {
  observers.delete(name);
}
