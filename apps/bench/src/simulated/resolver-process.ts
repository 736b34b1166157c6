/**
 * What targets and refreshes of many endpoints cost. Prints a report as JSON. "growth" is the best time per endpoint, relative
 * to that with 100 endpoints: about 1 is linear. The best, because the garbage collector and the neighbours on the machine
 * are not what is measured.
 */
import { syncBuiltinESMExports } from 'node:module';
import { mock } from 'node:test';
import { experimental } from '@grpc/grpc-js';
import { defineResolver, parseTarget, registerStaticResolver, staticTarget } from '@petiole/resolver';
import { Bench } from 'tinybench';
import { type Report, tableOf } from '../report/report.js';

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
function catalogue(count: number, listener: experimental.ResolverListener): experimental.Resolver {
  const answers = [0, 1, 2, 3].map((start) => endpoints(count, start));
  let next = 0;
  const { register, scheme } = defineResolver({
    scheme: 'catalogue',
    authority: () => 'catalogue',
    maxEndpoints: 10_000,
    maxAddresses: 20_000,
    resolve: () => ({ endpoints: answers[next++ % answers.length] ?? [] }),
  });
  register({}); // takes the scheme over from the catalogue of another size
  return experimental.createResolver({ scheme, path: 'bench' }, listener, {});
}

mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
syncBuiltinESMExports(); // the packages import theirs from node:timers

/** Lets the look-up that is under way end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await null;
  mock.timers.tick(1);
}

async function refresh(): Promise<void> {
  mock.timers.tick(33_000); // 30 s and the jitter
  await settle();
}

registerStaticResolver();
const bench = new Bench({ time: 500, warmupTime: 100, now: () => Number(process.hrtime.bigint()) / 1e6 });
let listenerCalls = 0;
let refreshes = 0;

for (const size of SIZES) {
  const target = staticTarget(endpoints(size));
  bench.add(`parse ${size}`, () => {
    parseTarget(target);
  });
  let resolver: experimental.Resolver | undefined;
  bench.add(
    `refresh ${size}`,
    async () => {
      refreshes += 1;
      await refresh();
    },
    {
      beforeAll: async () => {
        resolver = catalogue(size, () => {
          listenerCalls += 1;
          return true;
        });
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
