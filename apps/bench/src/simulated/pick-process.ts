/**
 * What one pick of a policy costs: `pick-process.ts POLICY ENDPOINTS` prints a
 * {@link PickCost} as JSON. Run by balancer-process.ts.
 */
import { type experimental, connectivityState as State } from '@grpc/grpc-js';
import '@petiole/balancer/register';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';

export interface PickCost {
  readonly ns: number;
  /** Left on the heap by one pick. */
  readonly bytes: number;
}

/**
 * Picks whose time is taken together. Each is the first one of an RPC, with arguments as grpc-js makes them: an RPC's second pick
 * is another matter. They are made before, as that takes longer than a pick, and few enough to be at hand in the processor's cache.
 */
const TIMED = 200;
/** The median of so many: other processes of a noisy machine do not count. */
const ROUNDS = 20_000;
/** Picks whose memory is measured: few enough that no collection comes between. */
const MEASURED = 10_000;

const [policy = 'round_robin', count = '100'] = process.argv.slice(2);
const channel = new SimulatedChannel({ [policy]: {} }, { latestOnly: true });
channel.update(SimulatedChannel.endpoints(Number(count)));
channel.all(State.READY);
const { picker } = channel.latest;

const rpcs = (length: number): experimental.PickArgs[] => Array.from({ length }, () => rpc());

/** Somebody gets each result, as in grpc-js: V8 makes no object that nobody looks at, and one policy makes one for each pick. */
export let picked: experimental.PickResult | undefined;

function pick(all: readonly experimental.PickArgs[]): void {
  for (const args of all) picked = picker.pick(args);
}

/** Nanoseconds of one pick. */
function time(): number {
  const all = rpcs(TIMED);
  const start = process.hrtime.bigint();
  pick(all);
  return Number(process.hrtime.bigint() - start) / TIMED;
}

const times = (): number[] => Array.from({ length: ROUNDS }, time).sort((a, b) => a - b);

// As in a process that has run for a while: endpoints live where the collector moves what lives long.
globalThis.gc?.();
globalThis.gc?.();
times(); // compiled from here on
const ns = times()[ROUNDS / 2] ?? Number.NaN;
pick(rpcs(MEASURED));
const measured = rpcs(MEASURED);
globalThis.gc?.();
const heap = process.memoryUsage().heapUsed;
pick(measured);
const bytes = (process.memoryUsage().heapUsed - heap) / MEASURED;
console.log(JSON.stringify({ ns, bytes } satisfies PickCost));
