/**
 * What one pick of a policy costs: `pick-process.ts POLICY ENDPOINTS` prints a
 * {@link PickCost} as JSON. Run by balancer-process.ts.
 */
import { connectivityState as State } from '@grpc/grpc-js';
import '@petiole/balancer/register';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';

export interface PickCost {
  readonly ns: number;
  /** Left on the heap by one pick. */
  readonly bytes: number;
}

const PICKS = 5_000_000;
/** The same for all picks whose time is taken: the making of new ones takes longer than a pick. */
const ARGS = rpc();
/** Picks whose memory is measured: few enough that no collection comes between. */
const MEASURED = 10_000;
/** For those, arguments as grpc-js makes them: new for each RPC. The first half warms up. */
const RPCS = Array.from({ length: 2 * MEASURED }, rpc);

const [policy = 'round_robin', count = '100'] = process.argv.slice(2);
const channel = new SimulatedChannel({ [policy]: {} }, { latestOnly: true });
channel.update(SimulatedChannel.endpoints(Number(count)));
channel.all(State.READY);
const { picker } = channel.latest;

function pick(times: number): void {
  for (let i = 0; i < times; i++) picker.pick(ARGS);
}

function pickForNew(from: number): void {
  for (let i = from; i < from + MEASURED; i++) picker.pick(RPCS[i] ?? ARGS);
}

// As in a process that has run for a while: endpoints live where the collector moves what lives long.
globalThis.gc?.();
globalThis.gc?.();
pick(PICKS); // compiled from here on
const start = process.cpuUsage();
pick(PICKS);
const { user, system } = process.cpuUsage(start);
pickForNew(0);
globalThis.gc?.();
const heap = process.memoryUsage().heapUsed;
pickForNew(MEASURED);
const bytes = (process.memoryUsage().heapUsed - heap) / MEASURED;
console.log(JSON.stringify({ ns: ((user + system) * 1000) / PICKS, bytes } satisfies PickCost));
