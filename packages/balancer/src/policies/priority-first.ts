/**
 * `priority_first`: RPCs go to the best group of endpoints that is READY. A group is connected to when the better ones have
 * failed, or take too long (the rules and times of gRFC A56).
 */
import { duration } from '@petiole/service-config';
import type { PolicyEndpoint } from '../endpoints/endpoint.js';
import { definePolicy } from '../policy/define-policy.js';
import { type Policy, whenUsed } from '../policy/policy-object.js';
import type { PolicyView } from '../policy/view.js';
import { groupsOf } from './choice/groups.js';
import { leastBusy } from './choice/least-busy.js';

/** The JSON config of `priority_first`. */
export interface PriorityFirstConfig {
  /**
   * How long a group may connect before the next one is connected to as well: a Duration from `"0s"` to `"3600s"`. Default
   * `"10s"`, as in gRFC A56. A group whose endpoints have all failed is not waited for.
   */
  readonly failoverTimeout?: string | null;
}

type Endpoint = PolicyEndpoint<undefined>;

/** How long a group stays connected while a better one is READY: A56's 15 minutes. */
const KEEP_MS = 15 * 60 * 1000;

/** An integer from 0, the best: 0 where the resolver gave none, or something else. */
function priorityOf({ attributes: { priority } }: Endpoint): number {
  return priority !== undefined && Number.isInteger(priority) && priority > 0 ? priority : 0;
}

/** The groups, the best first. */
function byPriority(endpoints: readonly Endpoint[]): [priority: number, members: Endpoint[]][] {
  return [...groupsOf(endpoints, priorityOf)].sort(([a], [b]) => a - b);
}

/** A group that is connected to, or tries to be; times are `elapsedMs`. */
interface Group {
  /** When it had its last READY endpoint, or was connected to; undefined while it has one. */
  outSince: number | undefined;
  /** Since when a better one has been READY; undefined while none is. */
  spareSince: number | undefined;
}

/** What the groups so far mean to the next one. */
type Need =
  /** None of them is READY, and none is waited for. */
  | 'wanted'
  /** One of them is waited for: what is connected already stays so. */
  | 'not yet'
  /** One of them is READY. */
  | 'spare';

/** The groups that are connected to, by priority. */
class Failover {
  private groups: ReadonlyMap<number, Group> = new Map();

  select(view: Pick<View, 'endpoints' | 'config' | 'elapsedMs' | 'wakeAfter'>): Endpoint[] {
    const { endpoints, config, elapsedMs: now, wakeAfter } = view;
    const connected = new Map<number, Group>();
    const selected: Endpoint[] = [];
    let need: Need = 'wanted';
    for (const [priority, members] of byPriority(endpoints)) {
      const known = this.groups.get(priority);
      const isReady = members.some(({ state }) => state === 'READY');
      // One that is connected without being known has had another priority until now.
      if (known === undefined && need !== 'wanted' && !isReady) continue;
      const group = known ?? { outSince: now, spareSince: undefined };
      group.spareSince = need === 'spare' ? (group.spareSince ?? now) : undefined;
      if (group.spareSince !== undefined) {
        const left = group.spareSince + KEEP_MS - now;
        if (left <= 0) continue;
        wakeAfter(left);
      }
      connected.set(priority, group);
      for (const endpoint of members) selected.push(endpoint);
      if (isReady) {
        group.outSince = undefined;
        need = 'spare';
        continue;
      }
      group.outSince ??= now;
      const left = group.outSince + config.failoverTimeout - now;
      if (need !== 'wanted' || left <= 0 || members.every(({ state }) => state === 'TRANSIENT_FAILURE'))
        continue;
      wakeAfter(left);
      need = 'not yet';
    }
    this.groups = connected;
    return selected;
  }
}

type View = PolicyView<{ readonly failoverTimeout: number }, Failover, undefined>;

/** `priority_first`. */
export const priorityFirst: Policy<PriorityFirstConfig> = whenUsed(() =>
  definePolicy({
    name: 'priority_first',
    fields: { failoverTimeout: duration({ min: '0s', max: '3600s', default: '10s' }) },
    createMemory: () => new Failover(),
    select: (view) => view.memory.select(view),
    createPicker(ready) {
      const [best] = byPriority(ready);
      return best && leastBusy(best[1], 2);
    },
  }),
);
