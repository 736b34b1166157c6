/**
 * What one pick of a policy costs: `pick-process.ts POLICY ENDPOINTS` prints a
 * {@link PickCost} as JSON. Run by balancer-process.ts.
 */
import { type experimental, connectivityState as State } from '@grpc/grpc-js';
import { customRoundRobin, leastRequest } from '@petiole/balancer';
import { rpc, SimulatedChannel } from '../../../../packages/balancer/test/support/simulated-channel.js';

export interface PickCost {
  readonly ns: number;
  /** Left on the heap by one pick. */
  readonly bytes: number;
}

const PICKS = 5_000_000;
/** Few enough that no collection comes between. */
const MEASURED = 10_000;

customRoundRobin.register();
leastRequest.register();

const [policy = 'round_robin', count = '100'] = process.argv.slice(2);
const channel = new SimulatedChannel({ [policy]: {} }, { latestOnly: true });
channel.update(SimulatedChannel.endpoints(Number(count)));
channel.all(State.READY);
const { picker } = channel.latest;

/** Held where the compiler cannot do without it: grpc-js makes arguments for each pick. */
let args = rpc();

/** Each pick is the first of an RPC of its own. */
function pick(times: number): void {
  for (let i = 0; i < times; i++) {
    args = rpc();
    picker.pick(args);
  }
}

// As in a process that has run for a while: endpoints live where the collector moves what lives long.
globalThis.gc?.();
globalThis.gc?.();
pick(PICKS); // compiled from here on
const start = process.cpuUsage();
pick(PICKS);
const { user, system } = process.cpuUsage(start);
const ns = ((user + system) * 1000) / PICKS;

const rpcs = Array.from({ length: 2 * MEASURED }, rpc);
function pickFor(from: number): void {
  // No iterator, whose results could be on the heap.
  for (let i = from; i < from + MEASURED; i++) picker.pick(rpcs[i] as experimental.PickArgs);
}
pickFor(0);
globalThis.gc?.();
const heap = process.memoryUsage().heapUsed;
pickFor(MEASURED);
const bytes = (process.memoryUsage().heapUsed - heap) / MEASURED;
console.log(JSON.stringify({ ns, bytes } satisfies PickCost));
