/**
 * What targets and refreshes of many endpoints cost. Prints a report as JSON. "growth" is the best time per endpoint, relative
 * to that with 100 endpoints: about 1 is linear. The best, because the garbage collector and the neighbours on the machine
 * are not what is measured.
 */
import { mock } from 'node:test';
import type { ChannelOptions, experimental } from '@grpc/grpc-js';
import { PollingResolver, parseTarget, type Resolution, staticTarget } from '@petiole/resolver';
import { Bench } from 'tinybench';
import { type Report, tableOf } from '../report.js';

const SIZES = [100, 1000, 10_000] as const;

function endpoints(count: number, start = 0): experimental.Endpoint[] {
  return Array.from({ length: count }, (_, index) => {
    const low = (start + index) % count;
    return {
      addresses: [
        { host: `fd00::${low.toString(16)}`, port: 50_051 },
        { host: `10.${low >> 16}.${(low >> 8) & 255}.${low & 255}`, port: 50_051 },
      ],
    };
  });
}

/** A resolver whose refreshes the bench triggers; every answer holds new objects, rotated by one. */
class Catalogue extends PollingResolver {
  #answers: experimental.Endpoint[][] = [];
  #next = 0;

  constructor(...grpc: [experimental.GrpcUri, experimental.ResolverListener, ChannelOptions]) {
    super(...grpc, { maxEndpoints: 10_000, maxAddresses: 20_000 });
  }

  load(count: number): this {
    this.#answers = [0, 1, 2, 3].map((start) => endpoints(count, start));
    return this;
  }

  protected override resolve(): Promise<Resolution> {
    const answer = this.#answers[this.#next++ % this.#answers.length] ?? [];
    return Promise.resolve({ endpoints: answer });
  }
}

mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });

/** Lets the look-up that is under way end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await null;
  mock.timers.tick(1);
}

async function refresh(): Promise<void> {
  mock.timers.tick(33_000); // 30 s and the jitter
  await settle();
}

const bench = new Bench({ time: 500, warmupTime: 100, now: () => Number(process.hrtime.bigint()) / 1e6 });
let listenerCalls = 0;
let refreshes = 0;

for (const size of SIZES) {
  const target = staticTarget(endpoints(size));
  bench.add(`parse ${size}`, () => {
    parseTarget(target);
  });
  let resolver: Catalogue | undefined;
  bench.add(
    `refresh ${size}`,
    async () => {
      refreshes += 1;
      await refresh();
    },
    {
      beforeAll: async () => {
        const listener: experimental.ResolverListener = () => {
          listenerCalls += 1;
          return true;
        };
        resolver = new Catalogue({ scheme: 'catalogue', path: 'bench' }, listener, {}).load(size);
        resolver.updateResolution();
        await settle();
        if (listenerCalls !== 1) throw new Error(`${listenerCalls} first answers`);
        listenerCalls = 0;
      },
      afterAll: () => resolver?.destroy(),
    },
  );
}

await bench.run();

const latency = (name: string): { min: number; p50: number } => {
  const result = bench.getTask(name)?.result;
  if (result === undefined || !('latency' in result)) throw new Error(`${name} did not run`);
  return result.latency;
};
const tables = ['parse', 'refresh'].map((what) => {
  const base = latency(`${what} ${SIZES[0]}`).min / SIZES[0];
  return tableOf(
    what === 'parse' ? 'Parsing a static: target' : 'An unchanged refresh',
    SIZES.map((size) => {
      const { min, p50 } = latency(`${what} ${size}`);
      return {
        endpoints: String(size),
        'median ms': p50.toFixed(3),
        'best ms': min.toFixed(3),
        'ns per endpoint': String(Math.round((min * 1e6) / size)),
        growth: (min / size / base).toFixed(2),
      };
    }),
  );
});
if (listenerCalls > 0)
  throw new Error(`${refreshes} unchanged refreshes made ${listenerCalls} listener calls`);
const notes = [`${refreshes} unchanged refreshes made no listener call.`];
console.log(JSON.stringify({ tables, verdicts: [], notes } satisfies Report));
