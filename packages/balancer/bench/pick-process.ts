/**
 * What one pick of a policy costs: `pick-process.ts POLICY ENDPOINTS` prints a
 * {@link PickCost} as JSON. Run by main.ts.
 */
import { type experimental, Metadata, connectivityState as State } from '@grpc/grpc-js';
import { registerCustomRoundRobin, registerLeastRequest } from '@petiole/balancer';
import { SimulatedChannel } from '../test/simulated-channel.js';

export interface PickCost {
  readonly ns: number;
  /** Left on the heap by one pick. */
  readonly bytes: number;
}

const PICKS = 5_000_000;
const ARGS: experimental.PickArgs = { metadata: new Metadata(), extraPickInfo: {} };

registerCustomRoundRobin();
registerLeastRequest();

const [policy = 'round_robin', count = '100'] = process.argv.slice(2);
const channel = new SimulatedChannel({ [policy]: {} }, { latestOnly: true });
channel.update(SimulatedChannel.endpoints(Number(count)));
channel.all(State.READY);
const { picker } = channel.latest;

function pick(times: number): void {
  for (let i = 0; i < times; i++) picker.pick(ARGS);
}

// As in a process that has run for a while: endpoints live where the collector moves what lives long.
globalThis.gc?.();
globalThis.gc?.();
pick(PICKS); // compiled from here on
const start = process.cpuUsage();
pick(PICKS);
const { user, system } = process.cpuUsage(start);
globalThis.gc?.();
const heap = process.memoryUsage().heapUsed;
pick(10_000); // few enough that no collection comes between
const bytes = (process.memoryUsage().heapUsed - heap) / 10_000;
console.log(JSON.stringify({ ns: ((user + system) * 1000) / PICKS, bytes } satisfies PickCost));
