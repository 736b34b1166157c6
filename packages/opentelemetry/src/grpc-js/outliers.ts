/**
 * Ejections of `outlier_detection`, which it does in two checks, one after the other. What it spares because of its
 * `enforcement_percentage` stays within a check, and can't be seen (fact O9).
 */
import type { experimental } from '@grpc/grpc-js';
import type { GrpcJs } from './internals.js';
import { targetOf } from './subchannels.js';
import { type DetectionMethod, watchers } from './watchers.js';

interface OutlierDetection {
  runSuccessRateCheck(at: Date): void;
  runFailurePercentageCheck(at: Date): void;
  eject(entry: { readonly subchannelWrappers: readonly experimental.SubchannelInterface[] }, at: Date): void;
}

/** @throws Error that says what this grpc-js lacks */
export function hookOutlierDetection({ experimental }: GrpcJs): void {
  const policy = prototypeOfPolicy(experimental);
  const { runSuccessRateCheck, runFailurePercentageCheck, eject } = policy;
  if (!runSuccessRateCheck || !runFailurePercentageCheck || !eject)
    throw new Error('its outlier_detection is another one');
  let method: DetectionMethod = 'success_rate';
  policy.runSuccessRateCheck = function (at) {
    method = 'success_rate';
    runSuccessRateCheck.call(this, at);
  };
  policy.runFailurePercentageCheck = function (at) {
    method = 'failure_percentage';
    runFailurePercentageCheck.call(this, at);
  };
  policy.eject = function (entry, at) {
    eject.call(this, entry, at);
    const [subchannel] = entry.subchannelWrappers;
    const target = subchannel && targetOf(subchannel);
    for (const watcher of watchers) watcher.ejected?.(target, method);
  };
}

/** A handler makes the policy of a config, as it does for channels. */
function prototypeOfPolicy(api: typeof experimental): OutlierDetection {
  const handler = new api.ChildLoadBalancerHandler({
    createSubchannel: () => {
      throw new Error('a policy without endpoints needs no subchannel');
    },
    updateState: () => {},
    requestReresolution: () => {},
    addChannelzChild: () => {},
    removeChannelzChild: () => {},
  });
  try {
    const config = api.parseLoadBalancingConfig({
      outlier_detection: { child_policy: [{ round_robin: {} }] },
    });
    handler.updateAddressList(api.statusOrFromValue<experimental.Endpoint[]>([]), config, {}, '');
    const { currentChild } = handler as unknown as { currentChild?: OutlierDetection };
    return currentChild && Object.getPrototypeOf(currentChild);
  } finally {
    handler.destroy();
  }
}
