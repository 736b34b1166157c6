/** Each pick of a connection for an attempt, whatever the policy (fact O8). */
import type { InternalChannel } from './internals.js';
import { targetOf } from './targets.js';
import { watchers } from './watchers.js';

export function hookPicks(channel: InternalChannel): void {
  const { doPick } = channel;
  channel.doPick = function (metadata, info) {
    const result = doPick.call(this, metadata, info);
    const { subchannel } = result;
    if (subchannel) {
      for (const watcher of watchers) watcher.picked?.(targetOf(this), subchannel.getAddress());
    }
    return result;
  };
}
