/**
 * What holds of `custom_round_robin` for any sequence of child events, config
 * changes and endpoint updates, beside a model of the rotation that is a few
 * lines long.
 */
import { type experimental, connectivityState as State, setLogger } from '@grpc/grpc-js';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { registerCustomRoundRobin } from '../src/index.js';
import { SimulatedChannel, type SimulatedSubchannel } from './simulated-channel.js';

const { CONNECTING, IDLE, READY, TRANSIENT_FAILURE } = State;
const ALL = SimulatedChannel.endpoints(6);
const addressOf = (i: number): string => `10.0.0.${i}:1`;

beforeAll(() => {
  registerCustomRoundRobin();
  setLogger({ error: () => {} });
});

type Event =
  | { kind: 'connect' | 'fail' | 'lose'; endpoint: number }
  | { kind: 'update'; endpoints: number[] }
  | { kind: 'config'; repeatCount: number }
  | { kind: 'pick'; count: number };

const index = fc.integer({ min: 0, max: ALL.length - 1 });
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('connect' as const, 'connect' as const, 'fail' as const, 'lose' as const),
      endpoint: index,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      endpoints: fc.uniqueArray(index, { minLength: 1, maxLength: ALL.length }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('config' as const),
      repeatCount: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('pick' as const), count: fc.integer({ min: 1, max: 9 }) }),
  },
);

/** The rotation as DESIGN.md tells it: over the READY endpoints, by their addresses, in the resolver's order. */
class Model {
  private ready: string[] = [];
  private turn: string | undefined;
  private used = 0;
  repeatCount = 3;

  /** An endpoint that the resolver removes is forgotten: it comes back as a new one. */
  remove(addresses: string[]): void {
    this.ready = this.ready.map((address) => (addresses.includes(address) ? `${address} removed` : address));
    if (this.turn !== undefined && addresses.includes(this.turn)) this.turn = `${this.turn} removed`;
  }

  change(order: string[], ready: string[]): void {
    const { turn } = this;
    if (turn === undefined) {
      this.turn = ready[0];
    } else if (!ready.includes(turn)) {
      this.used = 0;
      const from = this.ready.indexOf(turn);
      const successors = [...this.ready.slice(from + 1), ...this.ready.slice(0, Math.max(from, 0))];
      const behind = order.includes(turn) ? order.slice(order.indexOf(turn) + 1) : order;
      const next =
        successors.find((a) => ready.includes(a)) ?? behind.find((a) => ready.includes(a)) ?? ready[0];
      // With nobody READY the position stays where it was.
      this.turn = next ?? turn;
    }
    if (ready.length > 0) this.ready = ready;
  }

  /** Whose turn it is. */
  peek(): string | undefined {
    return this.turn;
  }

  pick(): string {
    if (this.used >= this.repeatCount) {
      this.used = 0;
      const at = this.ready.indexOf(this.turn as string);
      this.turn = this.ready[(at + 1) % this.ready.length];
    }
    this.used++;
    return this.turn as string;
  }
}

/** Only what a subchannel of grpc-js can do: a connection is lost to IDLE, and fails or succeeds from CONNECTING. */
function step(subchannel: SimulatedSubchannel, kind: 'connect' | 'fail' | 'lose'): void {
  if (kind === 'lose') {
    if (subchannel.state === READY) subchannel.become(IDLE);
  } else if (subchannel.state !== READY) {
    subchannel.become(CONNECTING);
    subchannel.become(kind === 'connect' ? READY : TRANSIENT_FAILURE, 'Error: refused');
  }
}

/** The channel's endpoints and states, kept by the test for itself. */
class Run {
  readonly channel = new SimulatedChannel({ custom_round_robin: { readyTimeout: '0s' } });
  readonly model = new Model();
  listed: number[] = ALL.map((_, i) => i);

  constructor() {
    this.channel.update(ALL);
  }

  get ready(): string[] {
    return this.listed.map(addressOf).filter((address) => this.channel.subchannel(address).state === READY);
  }

  policy = { custom_round_robin: { readyTimeout: '0s', repeatCount: 3 } };

  update(): void {
    this.channel.update(
      this.listed.map((i) => ALL[i] as experimental.Endpoint),
      { policy: this.policy },
    );
    this.model.change(this.listed.map(addressOf), this.ready);
  }

  async apply(event: Event): Promise<void> {
    const { channel, model } = this;
    switch (event.kind) {
      case 'connect':
      case 'fail':
      case 'lose':
        if (!this.listed.includes(event.endpoint)) return;
        step(channel.subchannel(addressOf(event.endpoint)), event.kind);
        model.change(this.listed.map(addressOf), this.ready);
        // Lost connections are connected again in the next tick.
        await new Promise((resolve) => process.nextTick(resolve));
        return;
      case 'update':
        model.remove(this.listed.filter((i) => !event.endpoints.includes(i)).map(addressOf));
        this.listed = event.endpoints;
        this.update();
        return;
      case 'config':
        this.policy = { custom_round_robin: { readyTimeout: '0s', repeatCount: event.repeatCount } };
        model.repeatCount = event.repeatCount;
        this.update();
        return;
      case 'pick':
        if (this.ready.length === 0) return;
        expect(channel.picks(event.count)).toEqual(Array.from({ length: event.count }, () => model.pick()));
    }
  }
}

test('the picks are those of the model, never an endpoint that is not READY, one publication per event', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 60 }), async (events) => {
      const run = new Run();
      for (const event of events) {
        const before = run.channel.publications.length;
        await run.apply(event);
        const ready = run.ready;
        expect(run.channel.publications.length - before).toBeLessThanOrEqual(1);
        expect(run.channel.state === 'READY').toBe(ready.length > 0);
        if (ready.length > 0) expect(ready).toContain(run.model.peek());
      }
      run.channel.policy.destroy();
      expect(run.channel.refs).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('between two changes of the READY set each endpoint gets exactly k × repeatCount in k rotations', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 4 }),
      async (events, repeatCount, rotations) => {
        const run = new Run();
        for (const event of events) await run.apply(event);
        await run.apply({ kind: 'config', repeatCount });
        for (let i = 0; i < run.listed.length; i++) {
          await run.apply({ kind: 'connect', endpoint: run.listed[i] as number });
        }
        const order = run.listed.map(addressOf);
        // To the beginning of a turn first.
        let first = run.channel.pick();
        for (let previous = first; previous === first && order.length > 1; ) first = run.channel.pick();
        const rest = order.length > 1 ? run.channel.picks(repeatCount - 1) : [];
        expect(rest.every((address) => address === first)).toBe(true);
        const from = order.indexOf(first) + 1;
        const turn = [...order.slice(from), ...order.slice(0, from)].flatMap((a) =>
          Array<string>(repeatCount).fill(a),
        );
        expect(run.channel.picks(turn.length * rotations)).toEqual(Array(rotations).fill(turn).flat());
      },
    ),
    { numRuns: 200 },
  );
});
