/** The subchannels of a grpc-js of any version, for tests of what stands on their private parts. */
import type * as newest from '@grpc/grpc-js';

type SubchannelInterface = newest.experimental.SubchannelInterface;

/** A policy around pick_first that tells of its subchannels. */
export function telling(
  grpc: typeof newest,
  made: (subchannel: SubchannelInterface) => void,
): newest.LoadBalancingConfig {
  const { experimental } = grpc;
  const config = experimental.parseLoadBalancingConfig({ pick_first: {} });
  class Telling extends experimental.ChildLoadBalancerHandler {
    constructor(helper: newest.experimental.ChannelControlHelper) {
      const createSubchannel: typeof helper.createSubchannel = (...request) => {
        const subchannel = helper.createSubchannel(...request);
        made(subchannel);
        return subchannel;
      };
      super(experimental.createChildChannelControlHelper(helper, { createSubchannel }));
    }
    override updateAddressList(
      ...[endpoints, , options, note]: Parameters<newest.experimental.LoadBalancer['updateAddressList']>
    ): boolean {
      return super.updateAddressList(endpoints, config, options, note);
    }
    override getTypeName(): string {
      return 'telling';
    }
  }
  class TellingConfig {
    static createFromJson = () => new TellingConfig();
    getLoadBalancerName = () => 'telling';
    toJsonObject = () => ({ telling: {} });
  }
  experimental.registerLoadBalancerType('telling', Telling, TellingConfig);
  return { telling: {} };
}
