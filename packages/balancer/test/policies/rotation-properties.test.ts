/**
 * What holds of `custom_round_robin` for any sequence of child events, config
 * changes and endpoint updates: the numbers are those of issue 3's properties.
 */
import { setLogger } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { customRoundRobin } from '../../src/index.js';
import type { Config, Resolution } from './rotation-model.js';
import { type Event, RANDOM, Run, type Update } from './rotation-run.js';

/**
 * Servers, each in the forms in which a resolver may name it: in another order, its addresses are the same
 * endpoint; with other addresses it is another endpoint, which may have one of the connections of the first.
 */
const SERVERS = [
  [['10.0.0.1:1']],
  [['10.0.0.2:1']],
  [['10.0.0.3:1']],
  [
    ['10.0.0.4:1', '10.0.1.4:1'],
    ['10.0.1.4:1', '10.0.0.4:1'],
    ['10.0.0.4:1'],
    ['10.0.0.4:1', '10.0.1.4:1', '10.0.0.4:1'],
  ],
  [
    ['10.0.0.5:1', '10.0.1.5:1', '10.0.2.5:1'],
    ['10.0.2.5:1', '10.0.1.5:1', '10.0.0.5:1'],
    ['10.0.2.5:1', '10.0.0.6:1'],
  ],
  [[]],
] as const;
const ADDRESSES = [...new Set(SERVERS.flat(2))];

const form = fc.constantFrom(
  ...SERVERS.flatMap((forms, server) => forms.map((addresses) => ({ server, addresses }))),
);
const list = fc.array(form, { minLength: 1, maxLength: 8, size: 'max' }).map((forms): Resolution => {
  // One server in two sets of addresses at once would be two endpoints that hear of one connection in any order.
  const sets = new Map<number, string>();
  const fits = ({ server, addresses }: (typeof forms)[number]) => {
    const set = [...new Set(addresses)].sort().join();
    if (!sets.has(server)) sets.set(server, set);
    return sets.get(server) === set;
  };
  return forms.filter(fits).map(({ addresses }) => addresses);
});
// Hundreds of runs of hundreds of steps: ten seconds on an idle machine.
vi.setConfig({ testTimeout: 90_000 });

// Waits are multiples of 250 ms, timeouts are not: nothing else happens at the moment at which one ends.
const config = fc.record<Config>({
  repeatCount: fc.integer({ min: 1, max: 4 }),
  readyTimeoutMs: fc.constantFrom(0, 0, 0, 1100, 1100, 30_050, Number.POSITIVE_INFINITY),
  randomStart: fc.boolean(),
});
const same = fc.constant(undefined);
const bad = fc.constant('bad' as const);
const option = fc.integer({ min: 0, max: 1 });
const updateOf = (fields: { [Field in keyof Update]: fc.Arbitrary<Update[Field]> }) =>
  fc.record({ kind: fc.constant('update' as const), ...fields });
const answer = updateOf({
  resolution: fc.oneof({ weight: 6, arbitrary: list }, { weight: 6, arbitrary: same }, fc.constant([])),
  config: fc.oneof({ weight: 3, arbitrary: config }, { weight: 5, arbitrary: same }, bad),
  option: fc.oneof({ weight: 5, arbitrary: same }, option),
});
const error = updateOf({
  resolution: fc.constant('error'),
  config: fc.oneof(same, bad, config),
  option: same,
});
const options = updateOf({ resolution: same, config: same, option });
const first = updateOf({
  resolution: fc.oneof({ weight: 12, arbitrary: list }, fc.constant('error'), fc.constant([])),
  config: fc.oneof({ weight: 18, arbitrary: config }, bad),
  option: same,
});
const step = fc.record({
  kind: fc.oneof(
    { weight: 5, arbitrary: fc.constant('connect' as const) },
    fc.constantFrom('attempt' as const, 'fail' as const),
    fc.constant('lose' as const),
  ),
  address: fc.constantFrom(...ADDRESSES),
});
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 12, arbitrary: step },
  fc.constant({ kind: 'blackout' as const }),
  { weight: 3, arbitrary: fc.oneof({ weight: 6, arbitrary: answer }, error, options) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('pick' as const), count: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'turn' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(250, 1000, 5000, 20_000),
    }),
  },
);
/** What changes neither the READY set nor a good config. */
const quiet: fc.Arbitrary<Event> = fc.oneof(
  updateOf({ resolution: fc.constant('error'), config: fc.oneof(same, bad), option: same }),
  updateOf({ resolution: same, config: fc.oneof(same, bad), option: same }),
  fc.constant({ kind: 'turn' as const }),
  fc.constant({ kind: 'wait' as const, ms: 250 }),
);
/** Any first update, and whatever comes then. */
const history = (maxLength: number): fc.Arbitrary<Event[]> =>
  fc.tuple(first, fc.array(event, { maxLength, size: 'max' })).map(([start, rest]) => [start, ...rest]);

const sends = (resolution: Resolution, config?: Partial<Config>): Event => ({
  kind: 'update',
  resolution,
  config: config && { repeatCount: 1, readyTimeoutMs: 0, randomStart: false, ...config },
  option: undefined,
});
/** Histories that chance seldom finds. */
const RARE: [Event[]][] = [
  // The wait begins with the first endpoints, not with an empty list.
  [
    [
      sends([], { readyTimeoutMs: 1100 }),
      { kind: 'wait', ms: 5000 },
      sends([['10.0.0.1:1'], ['10.0.0.2:1']]),
      { kind: 'connect', address: '10.0.0.1:1' },
    ],
  ],
  // An endpoint that returns after an interval with nobody READY has a full count.
  [
    [
      sends([['10.0.0.1:1'], ['10.0.0.2:1']], { repeatCount: 2 }),
      { kind: 'connect', address: '10.0.0.1:1' },
      { kind: 'pick', count: 1 },
      { kind: 'blackout' },
      { kind: 'turn' },
      { kind: 'connect', address: '10.0.0.1:1' },
      { kind: 'connect', address: '10.0.0.2:1' },
      { kind: 'pick', count: 4 },
    ],
  ],
  // Waits that began in one millisecond end in the order in which they began.
  [
    [
      sends(
        [
          ['10.0.0.5:1', '10.0.1.5:1', '10.0.2.5:1'],
          ['10.0.1.4:1', '10.0.0.4:1'],
        ],
        {},
      ),
      { kind: 'connect', address: '10.0.0.4:1' },
      { kind: 'connect', address: '10.0.1.5:1' },
      { kind: 'blackout' },
      { kind: 'turn' },
      { kind: 'connect', address: '10.0.1.4:1' },
      { kind: 'blackout' },
      { kind: 'connect', address: '10.0.0.4:1' },
      { kind: 'connect', address: '10.0.2.5:1' },
      { kind: 'connect', address: '10.0.0.5:1' },
      { kind: 'blackout' },
      { kind: 'wait', ms: 20_000 },
      { kind: 'pick', count: 1 },
    ],
  ],
  // Nobody survives: the turn is that of the first one behind the position, which the resolver still knows.
  [
    [
      sends([['10.0.0.1:1'], ['10.0.0.2:1']], {}),
      { kind: 'connect', address: '10.0.0.1:1' },
      { kind: 'connect', address: '10.0.0.2:1' },
      { kind: 'pick', count: 2 },
      { kind: 'blackout' },
      { kind: 'connect', address: '10.0.0.3:1' },
      { kind: 'connect', address: '10.0.0.6:1' },
      sends([['10.0.0.3:1'], ['10.0.0.2:1'], ['10.0.2.5:1', '10.0.0.6:1']]),
      { kind: 'pick', count: 3 },
    ],
  ],
];

beforeEach(() => {
  customRoundRobin.register();
  setLogger({ error: () => {} });
  // Not the Date, which gives fast-check its seed.
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
  });
  vi.spyOn(Math, 'random').mockReturnValue(RANDOM);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  setLogger(console);
});

test('publishes what the table says, at most once per event, and picks READY endpoints in their turns', async () => {
  await fc.assert(
    fc.asyncProperty(history(60), async (events) => {
      const run = new Run();
      for (const event of events) await run.apply(event);
      await run.finish();
    }),
    { numRuns: 400, examples: RARE },
  );
});

test('between two changes of the READY set, picks are repeatCount each in order: k × repeatCount in k rotations', async () => {
  await fc.assert(
    fc.asyncProperty(
      history(30),
      fc.subarray(ADDRESSES, { minLength: 3 }),
      fc.array(fc.option(quiet, { freq: 3 }), { minLength: 1, maxLength: 20, size: 'max' }),
      fc.record({ repeatCount: fc.integer({ min: 1, max: 5 }), rotations: fc.integer({ min: 1, max: 4 }) }),
      async (events, connected, between, { repeatCount, rotations }) => {
        const run = new Run();
        for (const event of events) await run.apply(event);
        const config = { repeatCount, readyTimeoutMs: 0, randomStart: false };
        await run.apply({ kind: 'update', resolution: undefined, config, option: undefined });
        // Nobody waits any more for the end of a back-off, which would come in the middle of the picks.
        await run.apply({ kind: 'wait', ms: 150_000 });
        for (const address of connected) await run.apply({ kind: 'connect', address });
        await run.apply({ kind: 'turn' });
        const order = run.connections;
        fc.pre(order.length > 0);
        // A window of whole rotations, from the middle of a turn as well.
        const picked: string[] = [];
        while (picked.length < order.length * repeatCount * rotations) {
          const event = between[picked.length % between.length];
          if (event) await run.apply(event);
          picked.push(run.channel.pick());
        }
        const counts = order.map((address) => picked.filter((each) => each === address).length);
        expect(counts).toEqual(order.map(() => repeatCount * rotations));
        const first = order.indexOf(picked[0] as string);
        const turns = [...order.slice(first), ...order.slice(0, first)].flatMap((address) =>
          Array<string>(repeatCount).fill(address),
        );
        const left = picked.findIndex((address) => address !== picked[0]);
        const rest = left < 0 ? [] : turns.splice(0, repeatCount - left);
        expect(picked).toEqual(
          Array(rotations)
            .fill([...turns, ...rest])
            .flat(),
        );
        await run.finish();
      },
    ),
    { numRuns: 150 },
  );
});
