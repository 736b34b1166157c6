/**
 * `least_request` (gRFC A48): of a few endpoints drawn at random, the one with the fewest RPCs in flight.
 */
import type { experimental, LoadBalancingConfig } from '@grpc/grpc-js';
import { declareFields, integer } from '@petiole/service-config/internal';
import type { ShardedEndpoint } from '../endpoints/endpoint.js';
import { definePolicy } from '../policy/define-policy.js';

/** The JSON config of `least_request`. */
export interface LeastRequestConfig {
  /** How many endpoints are compared for each RPC: an integer from 2; more than 10 count as 10. Default 2. */
  readonly choiceCount?: number | null;
}

/** An endpoint's RPCs: started and not ended (a stream counts until it ends), and picked in this very turn. */
type Endpoint = ShardedEndpoint<{ inFlight: number; picked: number }>;
const NAME = 'least_request';
const declared = declareFields(NAME, { choiceCount: integer({ min: 2, max: 2 ** 32 - 1, default: 2 }) });

class LeastRequestPicker implements experimental.Picker {
  readonly ready: readonly Endpoint[];
  readonly choiceCount: number;
  private readonly endpoints: Endpoint[];
  private readonly pending: Endpoint[] = [];

  constructor(ready: readonly Endpoint[], choiceCount: number) {
    this.ready = ready;
    this.choiceCount = choiceCount;
    this.endpoints = [...ready]; // a copy: drawing shuffles it
  }

  pick(): experimental.PickResult {
    let best = this.draw(0);
    for (let i = 1; i < this.choiceCount && i < this.ready.length; i++) {
      const other = this.draw(i);
      if (other.data.inFlight + other.data.picked < best.data.inFlight + best.data.picked) best = other;
    }
    // A48 counts an RPC from its pick. grpc-js tells only that it started, some microtasks later, and nothing if it
    // never does. So a pick counts until then, or else until the end of the turn: bursts spread and nothing leaks.
    best.data.picked++;
    if (this.pending.push(best) === 1)
      setImmediate(() => {
        for (const { data } of this.pending.splice(0)) data.picked = 0;
      });
    return best.pickResult;
  }

  /** The i-th sample, distinct from those before: else a hung endpoint could win against itself (grpc-java #12237). */
  private draw(i: number): Endpoint {
    const at = i + Math.floor(Math.random() * (this.endpoints.length - i));
    const drawn = this.endpoints[at] as Endpoint;
    this.endpoints[at] = this.endpoints[i] as Endpoint;
    this.endpoints[i] = drawn;
    return drawn;
  }
}

const policy = definePolicy<number, { picker?: LeastRequestPicker }, Endpoint['data'], LeastRequestConfig>({
  name: NAME,
  aliases: ['least_request_experimental'], // grpc-go's and A48's
  // "If `choice_count < 2`, the config will be rejected"; above 10, "the policy will set choice_count = 10" - A48
  parseConfig: (json) => Math.min(10, declared.parse(json).choiceCount),
  createMemory: () => ({}),
  createData: () => ({ inFlight: 0, picked: 0 }),
  update({ config, memory, ready, readyCount }) {
    if (memory.picker?.ready !== ready() || memory.picker.choiceCount !== config)
      memory.picker = new LeastRequestPicker(ready(), config);
    return readyCount > 0 ? memory.picker : undefined;
  },
  onCallStarted({ data }) {
    data.inFlight++;
    data.picked = Math.max(0, data.picked - 1);
  },
  onCallEnded: ({ data }) => void data.inFlight--,
});

/** Registers `least_request`, also as `least_request_experimental`, with grpc-js. Calling it again does nothing. */
export const registerLeastRequest: () => void = policy.register;

/** A `loadBalancingConfig` entry, e.g. `{ least_request: { choiceCount: 3 } }`. Throws RangeError on a bad field. */
export const leastRequest: (config?: LeastRequestConfig) => LoadBalancingConfig = policy.config;
