/** `peak_ewma`: who gets the RPCs when servers are slow, ill, equal or new. Over simulated subchannels, and real servers. */
import {
  type LoadBalancingConfig,
  type ServerUnaryCall,
  connectivityState as State,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { withAttributes } from '@petiole/service-config/internal';
import type { Backend } from '@petiole/test-kit/backend';
import { startBackend, startFleet } from '@petiole/test-kit/servers';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { leastRequest, type PeakEwmaConfig, peakEwma } from '../../src/index.js';
import { openChannel } from '../support/fleet.js';
import { Load, shares } from '../support/load.js';
import { simulateLoad, startUnary } from '../support/simulated-load.js';

beforeAll(() => {
  leastRequest.register();
  peakEwma.register();
});

const [ODD, B, C] = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1'] as const;

function openReady(count: number, config: PeakEwmaConfig = {}): SimulatedChannel {
  const channel = new SimulatedChannel(peakEwma(config));
  channel.update(SimulatedChannel.endpoints(count));
  channel.all(State.READY);
  return channel;
}

const partOf = (address: string, addresses: readonly string[]): number =>
  (shares(addresses)[address] ?? 0) / addresses.length;

describe('simulated servers', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('that are equal get equal shares, however their times scatter', () => {
    const scattered = () => ({ ms: 2 + 6 * Math.random() });
    const channel = openReady(4);
    simulateLoad(channel, { workers: 8, rpcs: 2000, answer: scattered });
    const counts = shares(simulateLoad(channel, { workers: 8, rpcs: 20_000, answer: scattered }));
    for (const count of Object.values(counts)) expect(count / 20_000).toBeCloseTo(0.25, 1);
    expect(Object.keys(counts)).toHaveLength(4);
  });

  test('of which one is slow: it gets far less than its share, and is tried again as its estimate decays', () => {
    const channel = openReady(6);
    const answer = (address: string) => ({ ms: address === ODD ? 60 : 4 + 2 * Math.random() });
    const first = simulateLoad(channel, { workers: 8, rpcs: 5000, answer });
    expect(partOf(ODD, first)).toBeLessThan(0.03);
    // 60 ms come down to 5 in 25 s without RPCs.
    vi.advanceTimersByTime(60_000);
    expect(partOf(ODD, simulateLoad(channel, { workers: 8, rpcs: 100, answer }))).toBeGreaterThan(0);
  });

  test('of which one of six takes 60 ms and the others 5: it has less than half of what least_request gives it, and the p90 is no worse', () => {
    const measure = (policy: LoadBalancingConfig) => {
      const channel = new SimulatedChannel(policy);
      channel.update(SimulatedChannel.endpoints(6));
      channel.all(State.READY);
      const times: number[] = [];
      const answer = (address: string) => {
        const ms = (address === ODD ? 60 : 5) * (0.8 + 0.4 * Math.random());
        times.push(ms);
        return { ms };
      };
      const share = partOf(ODD, simulateLoad(channel, { workers: 2, rpcs: 8000, answer }));
      return { share, p90: times.sort((a, b) => a - b)[7200] ?? Number.NaN };
    };
    const [ours, theirs] = [measure(peakEwma()), measure(leastRequest())];
    expect(ours.share).toBeLessThan(theirs.share / 2);
    expect(ours.share).toBeGreaterThan(0);
    expect(ours.p90).toBeLessThanOrEqual(theirs.p90);
  });

  test('of which one becomes slow: it is avoided from its first late answer on; once it is well again, it has its share', () => {
    const channel = openReady(3, { decayTime: '1s' });
    let slow = false;
    const answer = (address: string) => ({ ms: slow && address === ODD ? 500 : 4 + 2 * Math.random() });
    const load = (rpcs: number) => partOf(ODD, simulateLoad(channel, { workers: 4, rpcs, answer }));
    load(300);
    slow = true;
    load(100); // what is under way when it begins
    expect(load(2000)).toBeLessThan(0.02);
    slow = false;
    load(10_000);
    expect(load(5000)).toBeGreaterThan(0.25);
  });

  test.each([
    status.UNAVAILABLE,
    status.INTERNAL,
    status.UNKNOWN,
    status.RESOURCE_EXHAUSTED,
    status.DATA_LOSS,
    status.UNIMPLEMENTED,
    status.DEADLINE_EXCEEDED,
  ])('of which one fails fast, with code %i: it gets less than its fair share', (code) => {
    const channel = openReady(3);
    const answer = (address: string) => (address === ODD ? { ms: 0.5, code } : { ms: 5 });
    expect(partOf(ODD, simulateLoad(channel, { workers: 6, rpcs: 3000, answer }))).toBeLessThan(0.05);
  });

  test.each([
    status.NOT_FOUND,
    status.INVALID_ARGUMENT,
    status.PERMISSION_DENIED,
    status.UNAUTHENTICATED,
    status.ABORTED,
  ])('of which one says no, with code %i: that is an answer, and a fast one is preferred', (code) => {
    const channel = openReady(3);
    const answer = (address: string) => (address === ODD ? { ms: 1, code } : { ms: 5 });
    expect(partOf(ODD, simulateLoad(channel, { workers: 3, rpcs: 3000, answer }))).toBeGreaterThan(0.4);
  });

  test('of which one hangs, and RPCs there are given up after 20 ms: that tells how slow it is, at least', () => {
    const channel = openReady(3);
    const answer = (address: string) => (address === ODD ? { ms: 20, code: status.CANCELLED } : { ms: 5 });
    expect(partOf(ODD, simulateLoad(channel, { workers: 4, rpcs: 3000, answer }))).toBeLessThan(0.05);
  });

  test('that answer are not thought to be faster because RPCs were given up at once', () => {
    const channel = openReady(2);
    const load = (rpcs: number, of: (address: string) => { ms: number; code?: status }) =>
      partOf(ODD, simulateLoad(channel, { workers: 2, rpcs, answer: of }));
    load(100, () => ({ ms: 50 }));
    const givenUp = load(300, (address) =>
      address === ODD ? { ms: 1, code: status.CANCELLED } : { ms: 50 },
    );
    expect(load(300, (address) => ({ ms: address === ODD ? 50 : 10 }))).toBeLessThan(0.45);
    expect(givenUp).toBeGreaterThan(0.4);
  });

  test('with many RPCs in flight: a server that is twice as fast has about twice as many RPCs', () => {
    const channel = openReady(2);
    const answer = (address: string) => ({ ms: address === ODD ? 10 : 20 });
    const part = partOf(ODD, simulateLoad(channel, { workers: 60, rpcs: 12_000, answer }));
    // In flight they have as many for their time: 40 and 20, so that the fast one answers four times as many.
    expect(part).toBeGreaterThan(0.7);
    expect(part).toBeLessThan(0.88);
  });

  test('with a weight: in flight, an endpoint of twice the weight has twice as many', () => {
    const channel = new SimulatedChannel(peakEwma());
    const [heavy, ...others] = SimulatedChannel.endpoints(3);
    channel.update([withAttributes(heavy as NonNullable<typeof heavy>, { weight: 2 }), ...others]);
    channel.all(State.READY);
    const load = simulateLoad(channel, { workers: 80, rpcs: 16_000, answer: () => ({ ms: 10 }) });
    expect(partOf(ODD, load)).toBeGreaterThan(0.46);
    expect(partOf(ODD, load)).toBeLessThan(0.54);
  });

  test('a burst in one turn spreads before anybody has answered', () => {
    const channel = openReady(4);
    const counts = shares(Array.from({ length: 400 }, () => channel.pick()));
    expect(Object.values(counts).every((count) => count > 80 && count < 120)).toBe(true);
  });

  test('a later attempt of an RPC goes elsewhere while there is somebody else', () => {
    const channel = openReady(3);
    simulateLoad(channel, { workers: 2, rpcs: 100, answer: (address) => ({ ms: address === ODD ? 1 : 50 }) });
    for (let i = 0; i < 20; i++) {
      const args = rpc();
      const attempts = [channel.pick(args), channel.pick(args), channel.pick(args)];
      expect(new Set(attempts).size).toBe(3);
      expect([ODD, B, C]).toContain(channel.pick(args));
    }
  });

  test('a new endpoint is tried at once, and has one RPC until it has answered', () => {
    const channel = openReady(2);
    simulateLoad(channel, { workers: 2, rpcs: 200, answer: () => ({ ms: 5 }) });
    channel.update(SimulatedChannel.endpoints(3));
    channel.subchannel(C).become(State.READY);
    // Two of three are drawn for each RPC: some need not find it.
    const begun = Array.from({ length: 100 }, () => {
      const call = startUnary(channel);
      if (call.address !== C) call.end(status.OK);
      return call;
    });
    const calls = [...begun.filter(({ address }) => address === C), startUnary(channel), startUnary(channel)];
    expect(shares(calls.map(({ address }) => address))[C]).toBe(1);
    for (const { end } of calls) end(status.OK);
    expect(
      partOf(C, simulateLoad(channel, { workers: 2, rpcs: 300, answer: () => ({ ms: 5 }) })),
    ).toBeGreaterThan(0.2);
  });

  test('a new config counts for what is known already: a shorter decayTime forgets sooner', () => {
    const channel = openReady(2);
    const answer = (address: string) => ({ ms: address === ODD ? 1000 : 5 });
    simulateLoad(channel, { workers: 2, rpcs: 50, answer });
    channel.update(SimulatedChannel.endpoints(2), { policy: peakEwma({ decayTime: '0.1s' }) });
    vi.advanceTimersByTime(1000);
    const call = startUnary(channel);
    // 1,000 ms have come down to 0.05 and 5 ms to 0.0002: the slow one is tried as soon as the other one is busy.
    expect([call.address, startUnary(channel).address].sort()).toEqual([ODD, B]);
  });

  test('whatever servers do, every RPC goes to one that is READY, and nobody is given up for ever', () => {
    const server = fc.record({
      ms: fc.double({ min: 0, max: 1000, noNaN: true }),
      code: fc.constantFrom(status.OK, status.UNAVAILABLE, status.NOT_FOUND, status.CANCELLED),
    });
    fc.assert(
      fc.property(
        fc.array(server, { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 1, max: 20 }),
        (servers, workers) => {
          const channel = openReady(servers.length);
          const answer = (address: string) => servers[Number(address.split(/[.:]/)[3])] ?? { ms: 1 };
          const addresses = simulateLoad(channel, { workers, rpcs: 200, answer });
          expect(new Set(addresses).size).toBeLessThanOrEqual(servers.length);
          vi.advanceTimersByTime(600_000);
          const again = new Set(simulateLoad(channel, { workers, rpcs: 400, answer: () => ({ ms: 5 }) }));
          expect(again.size).toBe(servers.length);
        },
      ),
      { numRuns: 30 },
    );
  });
});

type Call = ServerUnaryCall<Buffer, Buffer>;

describe('real servers', () => {
  /** Answers after so long. */
  const after = (ms: number) => (call: Call, callback: sendUnaryData<Buffer>) =>
    void setTimeout(() => callback(null, call.request), ms);
  const failing = (code: status) => (_: Call, callback: sendUnaryData<Buffer>) => callback({ code });

  /** RPCs, six at a time, until the condition on their peers holds. */
  async function run(
    policy: LoadBalancingConfig,
    fleet: readonly Backend[],
    done: (load: Load) => boolean,
  ): Promise<Load> {
    const load = new Load(openChannel({ endpoints: fleet.map((backend) => backend.endpoint()), policy }), {
      concurrency: 6,
    });
    await load.until(() => done(load), 'enough RPCs');
    await load.stop();
    return load;
  }
  const ended = (backend: Backend | undefined, { outcomes }: Load): number =>
    outcomes.filter(({ peer }) => peer === backend?.peer).length;

  test('one of six answers after fifty answers of the others: it gets less than least_request gives it, but some', async () => {
    // By answers, and not by the clock: a machine that is busy is slow in all of them alike.
    let answers = 0;
    let owes = 0;
    const owed: { readonly at: number; readonly answer: () => void }[] = [];
    const settle = () => {
      while (owed[0] !== undefined && (owes === 0 || owed[0].at <= answers)) owed.shift()?.answer();
    };
    const quick = (call: Call, callback: sendUnaryData<Buffer>) =>
      void setTimeout(() => {
        callback(null, call.request);
        answers++;
        settle();
      }, 5);
    const late = (call: Call, callback: sendUnaryData<Buffer>) => {
      owed.push({ at: answers + owes, answer: () => callback(null, call.request) });
      settle();
    };
    const fleet = [await startBackend({ unary: late }), ...(await startFleet(5, { unary: quick }))];
    const peers = fleet.map(({ peer }) => peer);
    /** How many RPCs there were, and how many of them at the one that is late, once all are in use. */
    const measure = async (policy: LoadBalancingConfig, done: (rpcs: number, late: number) => boolean) => {
      const load = new Load(openChannel({ endpoints: fleet.map((backend) => backend.endpoint()), policy }), {
        concurrency: 6,
      });
      await load.untilAnsweredBy(peers);
      owes = 50;
      const from = load.outcomes.length;
      const counts = (): [number, number] => [
        load.outcomes.length - from,
        load.outcomes.slice(from).filter(({ peer }) => peer === peers[0]).length,
      ];
      await load.until(() => done(...counts()), 'enough RPCs');
      const [rpcs, ofLate] = counts();
      owes = 0;
      settle();
      await load.stop();
      return { rpcs, ofLate };
    };
    const theirs = await measure(leastRequest(), (_, ofLate) => ofLate >= 25);
    const ours = await measure(peakEwma(), (rpcs) => rpcs >= theirs.rpcs);
    // How much less is measured where time is simulated: where one core has three processes, all servers seem to be slow.
    expect(ours.ofLate).toBeLessThan(theirs.ofLate);
    expect(ours.ofLate).toBeGreaterThan(0);
  });

  test('one of three fails at once: it gets less than its fair share, where least_request gives it more', async () => {
    const fleet = [
      await startBackend({ unary: failing(status.UNAVAILABLE) }),
      ...(await startFleet(2, { unary: after(5) })),
    ];
    const share = async (policy: LoadBalancingConfig) =>
      ended(fleet[0], await run(policy, fleet, ({ outcomes }) => outcomes.length >= 200)) / 200;
    expect(await share(leastRequest())).toBeGreaterThan(1 / 3);
    expect(await share(peakEwma())).toBeLessThan(1 / 6);
  });
});

describe('config', () => {
  test('has the defaults of the manual, and takes them as JSON', () => {
    expect(peakEwma()).toEqual({ peak_ewma: {} });
    expect(() => peakEwma({ decayTime: '0s' })).toThrow(
      'peak_ewma: decayTime must be a Duration from 0.001 s to 3600 s such as "5s" or "0.250s", got "0s"',
    );
    expect(() => peakEwma({ slowStart: { window: '0s' } })).toThrow(
      'peak_ewma: slowStart.window must be a Duration from 0.001 s to 3600 s such as "5s" or "0.250s", got "0s"',
    );
  });
});
