/** `request_limit` (gRFC A32): at most so many RPCs at once on each endpoint of the policy below. */
import type { experimental, LoadBalancingConfig } from '@grpc/grpc-js';
import { boolean, integer } from '@petiole/service-config';
import { dropPick, type EndpointPick, observePick, queuePick } from '../endpoints/pick-result.js';
import { type Picked, PickedInTurn, pickStarted } from '../endpoints/picked-in-turn.js';
import { defineWrapper } from '../policy/define-wrapper.js';
import { type Policy, whenUsed } from '../policy/policy-object.js';

/** The JSON config of `request_limit`. */
export interface RequestLimitConfig {
  /** RPCs that may run at once on one endpoint: an integer from 1 to 4294967295. Default 1024, as in gRFC A32. */
  readonly maxRequests?: number | null;
  /** Where every endpoint has as many: true fails the RPC with UNAVAILABLE, for good; false lets it wait. Default false. */
  readonly drop?: boolean | null;
  /** The policy that chooses among the endpoints, e.g. `[leastRequest()]`. Default `[{ round_robin: {} }]`. */
  readonly childPolicy?: readonly LoadBalancingConfig[] | null;
}

/** How often the policy below is asked for another endpoint, when the one that it has chosen is full. */
const MOST_CHOICES = 32;

/** The RPCs of one endpoint: started and not ended, and picked in this turn of the event loop. */
interface Load extends Picked {
  running: number;
}

class Loads {
  private readonly loads: WeakMap<object, Load> = new WeakMap();
  readonly picks: PickedInTurn = new PickedInTurn(() => this.makeRoom());
  /** Has RPCs picked again, where one waits for room. */
  pickAgain: (() => void) | undefined = undefined;

  makeRoom(): void {
    this.pickAgain?.();
    this.pickAgain = undefined;
  }

  of(endpoint: object): Load {
    const load = this.loads.get(endpoint) ?? { running: 0, picked: 0 };
    this.loads.set(endpoint, load);
    return load;
  }
}

/** `request_limit`. */
export const requestLimit: Policy<RequestLimitConfig> = whenUsed(() =>
  defineWrapper({
    name: 'request_limit',
    fields: { maxRequests: integer({ min: 1, max: 2 ** 32 - 1, default: 1024 }), drop: boolean() },
    childPolicy: [{ round_robin: {} }],
    createMemory: () => new Loads(),
    wrapPick(next, _args, { config: { maxRequests, drop }, memory: loads, endpoints, wake }) {
      const choices = Math.min(MOST_CHOICES, Math.max(1, endpoints.length));
      for (let i = 0; i < choices; i++) {
        const result: experimental.PickResult = next();
        if (result.subchannel === null) return result;
        // An endpoint of ours may have several connections; one of grpc-js's policies is its subchannel.
        const { pickedEndpoint } = result as Partial<EndpointPick<unknown>>;
        const load = loads.of(pickedEndpoint?.kept ?? result.subchannel.getRealSubchannel());
        if (load.running + load.picked >= maxRequests) continue;
        loads.picks.add(load);
        return observePick(result, {
          started() {
            load.running++;
            pickStarted(load);
          },
          ended() {
            load.running--;
            loads.makeRoom();
          },
        });
      }
      if (drop) return dropPick(`request_limit: every endpoint has ${maxRequests} RPCs already`);
      loads.pickAgain = wake;
      return queuePick();
    },
  }),
);
