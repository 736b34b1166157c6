/**
 * `bench_probe`: a policy around any other one that sees what it does: the subchannels that become READY, what is
 * published, each pick and each RPC that starts. The same for every policy, so that it weighs the same on all.
 */
import {
  type ChannelOptions,
  experimental,
  type LoadBalancingConfig,
  connectivityState as State,
} from '@grpc/grpc-js';

const NAME = 'bench_probe';

/** What the one observed policy of this process reports to. */
export interface Observer {
  /** A subchannel of that address is READY. */
  onReady?(address: string): void;
  /** The policy has published a READY state. */
  onPublish?(): void;
  /** An RPC was given to a connection; `onSent` follows when its stream exists. */
  onPick?(address: string): void;
  onSent?(address: string): void;
  /** The policy has taken an update, in so many milliseconds. */
  onUpdated?(ms: number): void;
  /** Gives the policy its subchannels in place of the channel. */
  createSubchannel?: experimental.ChannelControlHelper['createSubchannel'];
}

let observer: Observer = {};

class ProbeConfig implements experimental.TypedLoadBalancingConfig {
  readonly child: experimental.TypedLoadBalancingConfig;

  constructor(child: experimental.TypedLoadBalancingConfig) {
    this.child = child;
  }

  getLoadBalancerName(): string {
    return NAME;
  }

  toJsonObject(): object {
    return { [NAME]: { child: this.child.toJsonObject() } };
  }

  static createFromJson(json: { child: LoadBalancingConfig }): ProbeConfig {
    return new ProbeConfig(experimental.parseLoadBalancingConfig(json.child));
  }
}

function observePicks(picker: experimental.Picker): experimental.Picker {
  return {
    pick: (args) => {
      const result = picker.pick(args);
      const address = result.subchannel?.getAddress();
      if (result.pickResultType !== experimental.PickResultType.COMPLETE || address === undefined)
        return result;
      observer.onPick?.(address);
      return {
        ...result,
        onCallStarted: () => {
          result.onCallStarted?.();
          observer.onSent?.(address);
        },
      };
    },
  };
}

class ProbePolicy implements experimental.LoadBalancer {
  private readonly child: experimental.ChildLoadBalancerHandler;

  constructor(helper: experimental.ChannelControlHelper) {
    const watched = new Set<string>();
    this.child = new experimental.ChildLoadBalancerHandler(
      experimental.createChildChannelControlHelper(helper, {
        createSubchannel(address, args) {
          const subchannel =
            observer.createSubchannel?.(address, args) ?? helper.createSubchannel(address, args);
          const name = subchannel.getAddress();
          if (observer.onReady && !watched.has(name)) {
            watched.add(name);
            subchannel.addConnectivityStateListener((_, __, state) => {
              if (state === State.READY) observer.onReady?.(name);
            });
          }
          return subchannel;
        },
        updateState(state, picker, error) {
          const observed = state === State.READY && (observer.onPick ?? observer.onSent);
          helper.updateState(state, observed ? observePicks(picker) : picker, error);
          if (state === State.READY) observer.onPublish?.();
        },
      }),
    );
  }

  updateAddressList(
    endpoints: experimental.StatusOr<experimental.Endpoint[]>,
    config: experimental.TypedLoadBalancingConfig,
    options: ChannelOptions,
    note: string,
  ): boolean {
    if (!(config instanceof ProbeConfig)) return false;
    const start = performance.now();
    const accepted = this.child.updateAddressList(endpoints, config.child, options, note);
    observer.onUpdated?.(performance.now() - start);
    return accepted;
  }

  exitIdle(): void {
    this.child.exitIdle();
  }

  resetBackoff(): void {
    this.child.resetBackoff();
  }

  destroy(): void {
    this.child.destroy();
  }

  getTypeName(): string {
    return NAME;
  }
}

experimental.registerLoadBalancerType(NAME, ProbePolicy, ProbeConfig);

/** The policy's config with the probe around it. One channel of a process at a time can be observed. */
export function observed(policy: LoadBalancingConfig, by: Observer): LoadBalancingConfig {
  observer = by;
  return { [NAME]: { child: policy } };
}
