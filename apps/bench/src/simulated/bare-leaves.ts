/**
 * The least that any policy with one pick_first per endpoint can cost: the
 * leaves alone, that nobody listens to.
 */
import { experimental } from '@grpc/grpc-js';
import type { SimulatedChannel } from '@petiole/test-kit/simulated-channel';

export class BareLeaves {
  private readonly leaves: experimental.LeafLoadBalancer[];

  constructor(channel: SimulatedChannel, endpoints: experimental.Endpoint[]) {
    const helper: experimental.ChannelControlHelper = {
      createSubchannel: (address, args) => channel.helper.createSubchannel(address, args),
      updateState: () => {},
      requestReresolution: () => {},
      addChannelzChild: () => {},
      removeChannelzChild: () => {},
    };
    this.leaves = endpoints.map((endpoint) => new experimental.LeafLoadBalancer(endpoint, helper, {}, ''));
    for (const leaf of this.leaves) leaf.startConnecting();
  }

  destroy(): void {
    for (const leaf of this.leaves) leaf.destroy();
  }
}
