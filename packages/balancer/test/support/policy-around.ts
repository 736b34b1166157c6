/** Policies around those of a grpc-js of any version, for tests of what stands on its private parts. */
import type * as newest from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';

type Helper = newest.experimental.ChannelControlHelper;
type SubchannelInterface = newest.experimental.SubchannelInterface;

/** Registers a policy around `child` of which the channel sees what `changed` makes of its helper. */
export function policyAround(
  grpc: typeof newest,
  name: string,
  child: newest.LoadBalancingConfig,
  changed: (helper: Helper) => Partial<Helper>,
): newest.LoadBalancingConfig {
  const { experimental } = grpc;
  class Around extends experimental.ChildLoadBalancerHandler {
    constructor(helper: Helper) {
      super(experimental.createChildChannelControlHelper(helper, changed(helper)));
    }
    override updateAddressList(
      ...[endpoints, , options, note]: Parameters<newest.experimental.LoadBalancer['updateAddressList']>
    ): boolean {
      // The child may be registered later.
      return super.updateAddressList(endpoints, experimental.parseLoadBalancingConfig(child), options, note);
    }
    override getTypeName(): string {
      return name;
    }
  }
  class Config {
    static createFromJson = () => new Config();
    getLoadBalancerName = () => name;
    toJsonObject = () => ({ [name]: {} });
  }
  experimental.registerLoadBalancerType(name, Around, Config);
  return { [name]: {} };
}

/** A policy around another one, in which each pick of a connection becomes what `picked` makes of it. */
export function pickingAround(
  grpc: typeof newest,
  name: string,
  child: newest.LoadBalancingConfig,
  picked: (
    result: newest.experimental.PickResult & { subchannel: SubchannelInterface },
    args: newest.experimental.PickArgs,
  ) => newest.experimental.PickResult,
): newest.LoadBalancingConfig {
  return policyAround(grpc, name, child, (helper) => ({
    updateState(state, picker, error) {
      const pick = (args: newest.experimental.PickArgs) => {
        const result = picker.pick(args);
        const { subchannel } = result;
        return subchannel === null ? result : picked({ ...result, subchannel }, args);
      };
      helper.updateState(state, { pick }, error);
    },
  }));
}

/** Clients of a grpc-js that tell of each subchannel that is made for them. */
export class TellingClients {
  made: (subchannel: SubchannelInterface) => void = () => {};
  private readonly grpc: typeof newest;
  private readonly policy: newest.LoadBalancingConfig;

  constructor(grpc: typeof newest) {
    this.grpc = grpc;
    this.policy = policyAround(grpc, 'telling', { pick_first: {} }, (helper) => ({
      createSubchannel: (...request) => {
        const subchannel = helper.createSubchannel(...request);
        this.made(subchannel);
        return subchannel;
      },
    }));
  }

  /** A client that connects, and is closed when the test is over. */
  connect(target: string, credentials: newest.ChannelCredentials): newest.Client {
    const client = new this.grpc.Client(target, credentials, {
      'grpc.service_config': JSON.stringify({ loadBalancingConfig: [this.policy] }),
    });
    onTestFinished(() => client.close());
    client.getChannel().getConnectivityState(true);
    return client;
  }
}
