import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PollingResolver, type Resolution, type ResolutionAttempt } from '../src/index.js';
import type { PollingOptions } from '../src/polling-options.js';
import { Probe } from './probe.js';
import { keepProcess, timersSetBy } from './timers.js';
import { updatesFromNow } from './update-log.js';

/** A look-up that the test answers. */
interface Pending extends ResolutionAttempt {
  answer(...hosts: string[]): void;
  answerWith(resolution: Resolution): void;
  fail(message: string): void;
}

function scripted(
  options: PollingOptions = {},
  channelOptions: ChannelOptions = {},
): { probe: Probe; lookups: Pending[] } {
  const lookups: Pending[] = [];
  class Scripted extends PollingResolver {
    constructor(
      target: experimental.GrpcUri,
      listener: experimental.ResolverListener,
      given: ChannelOptions,
    ) {
      super(target, listener, given, options);
    }
    protected override resolve(attempt: ResolutionAttempt): Promise<Resolution> {
      return new Promise((resolve, reject) => {
        lookups.push({
          ...attempt,
          answer: (...hosts) =>
            resolve({ endpoints: hosts.map((host) => ({ addresses: [{ host, port: 1 }] })) }),
          answerWith: resolve,
          fail: (message) => reject(new Error(message)),
        });
      });
    }
    static getDefaultAuthority(): string {
      return 'scripted';
    }
  }
  return { probe: new Probe(Scripted, 'scripted:x', channelOptions), lookups };
}

/** A policy that nobody runs. */
function registerPassivePolicy(name: string): void {
  class Config implements experimental.TypedLoadBalancingConfig {
    getLoadBalancerName = (): string => name;
    toJsonObject = (): object => ({ [name]: {} });
    static createFromJson = (): Config => new Config();
  }
  experimental.registerLoadBalancerType(name, experimental.LeafLoadBalancer as never, Config);
}

const turn = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1);
const later = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5); // no jitter
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a resolution that the channel asked for', () => {
  it('ends in one listener call, on a later tick, however often it was asked for', async () => {
    const { probe, lookups } = scripted();
    for (let rpc = 0; rpc < 1000; rpc += 1) probe.resolver.updateResolution();
    expect(lookups).toHaveLength(1);
    lookups[0]?.answer('10.0.0.1');
    await Promise.resolve();
    expect(probe.calls).toHaveLength(0);
    await turn();
    expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual([['10.0.0.1:1']]);
  });

  it('is answered also when nothing changed, with the same endpoint objects', async () => {
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await later(100);
    probe.resolver.updateResolution();
    lookups[1]?.answer('10.0.0.1');
    await turn();
    expect(probe.calls).toHaveLength(2);
    expect(probe.calls[1]?.raw?.[0]).toBe(probe.calls[0]?.raw?.[0]);
    expect(probe.calls[1]?.attributes).toBe(probe.calls[0]?.attributes);
  });

  it('waits for grpc.dns_min_time_between_resolutions_ms since the last one, 30 s by default', async () => {
    const { probe, lookups } = scripted({ refreshInterval: Number.POSITIVE_INFINITY });
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await later(1000);
    probe.resolver.updateResolution();
    await later(28_990);
    expect(lookups).toHaveLength(1);
    await later(20);
    expect(lookups).toHaveLength(2);
    lookups[1]?.answer('10.0.0.1');
    await turn();
    expect(probe.calls).toHaveLength(2);
  });

  it('is never answered at once when a policy asks from within the answer', async () => {
    const { probe, lookups } = scripted(
      { refreshInterval: Number.POSITIVE_INFINITY },
      { 'grpc.dns_min_time_between_resolutions_ms': 0 },
    );
    probe.inside = () => probe.resolver.updateResolution();
    probe.resolver.updateResolution();
    for (let elapsed = 0; elapsed < 1000; elapsed += 1) {
      lookups.at(-1)?.answer('10.0.0.1');
      await later(1);
    }
    expect(probe.calls.length).toBeGreaterThanOrEqual(9);
    expect(probe.calls.length).toBeLessThanOrEqual(11);
  });

  it('is served by a periodic look that is under way', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await later(30_001);
    expect(lookups).toHaveLength(2);
    probe.resolver.updateResolution();
    expect(lookups).toHaveLength(2);
    lookups[1]?.answer('10.0.0.1');
    await turn();
    expect(probe.calls).toHaveLength(2);
  });

  it('costs one timer while it waits for the rate limit, however often it is asked for', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await turn();
    const timers = await timersSetBy(() => {
      for (let rpc = 0; rpc < 1000; rpc += 1) probe.resolver.updateResolution();
    });
    expect(timers).toHaveLength(1);
  });

  it('when served by a look under way, counts for the rate limit from the start of that look', async () => {
    const { probe, lookups } = scripted({ refreshInterval: 40_000 });
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    while (lookups.length < 2) await vi.advanceTimersToNextTimerAsync();
    const refreshed = performance.now();
    await later(2000);
    probe.resolver.updateResolution();
    lookups[1]?.answer('10.0.0.1');
    await turn();
    expect(probe.calls).toHaveLength(2);
    probe.resolver.updateResolution();
    await later(refreshed + 29_999 - performance.now());
    expect(lookups).toHaveLength(2);
    await later(1);
    expect(lookups).toHaveLength(3);
  });

  it('has a signal that is aborted when it is over, whatever its end', async () => {
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    const ends: Array<(look: Pending | undefined) => void> = [
      (look) => look?.answer('10.0.0.1'),
      (look) => look?.answerWith({} as Resolution),
      (look) => look?.fail('down'),
    ];
    for (const [index, end] of ends.entries()) {
      probe.resolver.updateResolution();
      while (lookups.length <= index) await later(100);
      expect(lookups[index]?.signal.aborted).toBe(false);
      end(lookups[index]);
      await turn();
      expect(lookups[index]?.signal.aborted).toBe(true);
    }
  });
});

describe('the periodic refresh', () => {
  it('tells nothing when nothing changed, and the change when there is one', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1', '10.0.0.2');
    await later(30_001);
    lookups[1]?.answer('10.0.0.2', '10.0.0.1');
    await later(30_001);
    expect(probe.calls).toHaveLength(1);
    lookups[2]?.answer('10.0.0.3', '10.0.0.2', '10.0.0.1');
    await turn();
    expect(probe.calls.at(-1)?.endpoints).toEqual(['10.0.0.1:1', '10.0.0.2:1', '10.0.0.3:1']);
  });

  it('takes an endpoint with its addresses in another order for the one that was there', async () => {
    const { probe, lookups } = scripted();
    const at = (...hosts: string[]): experimental.Endpoint => ({
      addresses: hosts.map((host) => ({ host, port: 1 })),
    });
    probe.resolver.updateResolution();
    lookups[0]?.answerWith({ endpoints: [at('10.0.0.1', '10.0.0.2'), at('10.0.0.3')] });
    await later(30_001);
    lookups[1]?.answerWith({ endpoints: [at('10.0.0.3'), at('10.0.0.2', '10.0.0.1')] });
    await later(30_001);
    expect(probe.calls).toHaveLength(1);
    lookups[2]?.answerWith({ endpoints: [at('10.0.0.4'), at('10.0.0.2', '10.0.0.1')] });
    await turn();
    expect(probe.calls[1]?.endpoints).toEqual(['10.0.0.1:1+10.0.0.2:1', '10.0.0.4:1']);
    expect(probe.calls[1]?.raw?.[0]).toBe(probe.calls[0]?.raw?.[0]);
  });

  it('leaves order to the resolver with keepOrder false', async () => {
    const { probe, lookups } = scripted({ keepOrder: false });
    const addresses = [
      { host: '10.0.0.1', port: 1 },
      { host: '10.0.0.2', port: 1 },
    ];
    probe.resolver.updateResolution();
    lookups[0]?.answerWith({ endpoints: [{ addresses }] });
    await later(30_001);
    lookups[1]?.answerWith({ endpoints: [{ addresses: addresses.toReversed() }] });
    await turn();
    expect(probe.calls[1]?.endpoints).toEqual(['10.0.0.2:1+10.0.0.1:1']);
  });

  it('goes on after an incomplete answer, however long the back-off', async () => {
    const { probe, lookups } = scripted(
      { refreshInterval: 1000 },
      { 'grpc.initial_reconnect_backoff_ms': 60_000 },
    );
    const endpoints = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    probe.resolver.updateResolution();
    for (let look = 0; look < 3; look += 1) {
      lookups[look]?.answerWith({ endpoints, incomplete: true });
      await later(1001);
      expect(lookups).toHaveLength(look + 2);
    }
    expect(probe.calls).toHaveLength(1);
  });

  it('is independent of the rate limit on requests', async () => {
    const { probe, lookups } = scripted({ refreshInterval: 1000 });
    probe.resolver.updateResolution();
    for (let look = 0; look < 5; look += 1) {
      lookups[look]?.answer('10.0.0.1');
      await later(1001);
    }
    expect(lookups).toHaveLength(6);
  });

  it('comes within 10 % of the interval', async () => {
    const waits: number[] = [];
    for (const random of [0, 0.999]) {
      vi.mocked(Math.random).mockReturnValue(random);
      const { probe, lookups } = scripted({ refreshInterval: 1000 });
      probe.resolver.updateResolution();
      lookups[0]?.answer('10.0.0.1');
      await vi.advanceTimersToNextTimerAsync(); // the answer
      const answered = performance.now();
      while (lookups.length < 2) await vi.advanceTimersToNextTimerAsync();
      waits.push(performance.now() - answered);
      probe.resolver.destroy();
    }
    expect(waits[0]).toBeCloseTo(900, -1);
    expect(waits[1]).toBeCloseTo(1100, -1);
  });

  it('stops while the channel is idle', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await turn();
    probe.resolver.destroy();
    await later(300_000);
    expect(lookups).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    [{ refreshInterval: 0 }, 'refreshInterval must be from 100 to 86400000 ms, or Infinity, got 0'],
    [
      { refreshInterval: Number.NaN },
      'refreshInterval must be from 100 to 86400000 ms, or Infinity, got NaN',
    ],
    [{ deadline: -1 }, 'deadline must be from 10 to 600000 ms, got -1'],
    [{ deadline: '5000' as unknown as number }, 'deadline must be from 10 to 600000 ms, got "5000"'],
    [{ keepOrder: 'no' as unknown as boolean }, 'keepOrder must be true or false, got "no"'],
    [{ tracer: 5 as unknown as string }, 'tracer must be a string, got 5'],
    [
      { interval: 5000 } as object,
      'the options of a PollingResolver must have no field but refreshInterval, deadline, keepOrder, tracer, got "interval"',
    ],
  ])('refuses %o', (options, message) => {
    expect(() => scripted(options)).toThrow(message);
  });
});

describe('what resolve returns', () => {
  it('is copied: the same array, changed in place, is a change', async () => {
    const { probe, lookups } = scripted();
    const endpoints = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    probe.resolver.updateResolution();
    lookups[0]?.answerWith({ endpoints });
    await later(30_001);
    endpoints[0]?.addresses.push({ host: '10.0.0.2', port: 1 });
    lookups[1]?.answerWith({ endpoints });
    await turn();
    expect(probe.calls[1]?.endpoints).toEqual(['10.0.0.1:1+10.0.0.2:1']);
  });

  it('may carry a service config; a bad one keeps the last good one and is logged once', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    const endpoints = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    const good = { loadBalancingConfig: [{ round_robin: {} }] };
    for (const serviceConfig of [good, { ...good }, '{', '{', null]) {
      probe.resolver.updateResolution();
      lookups.at(-1)?.answerWith({ endpoints, serviceConfig });
      await later(100);
    }
    const configs = probe.calls.map(({ serviceConfig }) => serviceConfig);
    expect(configs).toHaveLength(5);
    expect(configs[0]?.loadBalancingConfig).toEqual(good.loadBalancingConfig);
    for (const index of [1, 2, 3]) expect(configs[index]).toBe(configs[0]);
    expect(configs[4]).toBeNull();
    expect(probe.calls[3]?.note).toContain('bad service config ignored: service config: it must be JSON');
    expect(log).toHaveBeenCalledTimes(1);
  });

  it('may carry what is no JSON at all: that costs the service config, not the addresses', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    const good = { loadBalancingConfig: [{ round_robin: {} }] };
    for (const [index, serviceConfig] of [good, cyclic, cyclic, { tokens: 1n }, good].entries()) {
      probe.resolver.updateResolution();
      lookups.at(-1)?.answerWith({
        endpoints: [{ addresses: [{ host: `10.0.0.${index}`, port: 1 }] }],
        serviceConfig,
      });
      await later(100);
    }
    expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual(
      [0, 1, 2, 3, 4].map((index) => [`10.0.0.${index}:1`]),
    );
    for (const { serviceConfig } of probe.calls) {
      expect(serviceConfig?.loadBalancingConfig).toEqual(good.loadBalancingConfig);
    }
    expect(probe.calls[1]?.note).toContain('bad service config ignored: service config: it must be JSON');
    expect(probe.calls[3]?.note).toContain('BigInt');
    expect(probe.calls[4]?.note).toBe('');
    expect(log).toHaveBeenCalledTimes(2);
  });

  it('may carry the same service config object, changed in place: that is a change', async () => {
    const { probe, lookups } = scripted();
    const endpoints = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    const serviceConfig = { loadBalancingConfig: [{ round_robin: {} }] as object[] };
    probe.resolver.updateResolution();
    lookups[0]?.answerWith({ endpoints, serviceConfig });
    await later(30_001);
    serviceConfig.loadBalancingConfig = [{ pick_first: {} }];
    lookups[1]?.answerWith({ endpoints, serviceConfig });
    await turn();
    expect(probe.calls[1]?.serviceConfig?.loadBalancingConfig).toEqual([{ pick_first: {} }]);
  });
});

describe('failures', () => {
  it('are UNAVAILABLE with the cause before any success, and retried with growing back-off', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    const starts: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      starts.push(performance.now());
      lookups[attempt]?.fail('no such catalogue');
      while (lookups.length < attempt + 2) await later(10);
    }
    const waits = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
    expect(waits[0]).toBeCloseTo(1000, -2);
    expect(waits[1]).toBeCloseTo(1600, -2);
    expect(waits[2]).toBeCloseTo(2560, -2);
    // The retries told nothing new and nobody asked.
    expect(probe.calls.map(({ error }) => [error?.code, error?.details])).toEqual([
      [14, 'Name resolution failed for target scripted:x: no such catalogue'],
    ]);
  });

  it('do not make us look less often than the refresh interval', async () => {
    const { probe, lookups } = scripted({ refreshInterval: 1000 });
    probe.resolver.updateResolution();
    for (let attempt = 0; attempt < 20; attempt += 1) {
      lookups[attempt]?.fail('down');
      await later(1250);
    }
    expect(lookups).toHaveLength(21);
  });

  it('after a success keep the last good answer in silence, or with a note when the channel asks', async () => {
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await later(30_001);
    const updates = updatesFromNow();
    lookups[1]?.fail('down');
    await turn();
    expect(probe.calls).toHaveLength(1);
    expect(updates).toEqual([
      {
        target: 'scripted:x',
        added: [],
        removed: [],
        endpoints: 1,
        reason: 'periodic refresh',
        error: 'down',
      },
    ]);
    probe.resolver.updateResolution();
    expect(lookups).toHaveLength(2); // back-off
    await later(1000);
    lookups[2]?.fail('still down');
    await turn();
    expect(probe.calls).toHaveLength(2);
    expect(probe.calls[1]?.endpoints).toEqual(['10.0.0.1:1']);
    expect(probe.calls[1]?.note).toBe('the last answer was kept: still down');
  });

  it('in part, that bring nothing new, are reported though the channel is not told', async () => {
    const { probe, lookups } = scripted();
    const endpoints = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    probe.resolver.updateResolution();
    lookups[0]?.answerWith({ endpoints });
    await later(30_001);
    const updates = updatesFromNow();
    lookups[1]?.answerWith({ endpoints, incomplete: true, note: 'one host is missing' });
    await later(1001);
    lookups[2]?.answerWith({ endpoints, incomplete: true });
    await turn();
    expect(probe.calls).toHaveLength(1);
    expect(updates.map(({ reason, endpoints: count, error }) => [reason, count, error])).toEqual([
      ['periodic refresh', 1, 'one host is missing'],
      ['retry', 1, 'the answer is incomplete'],
    ]);
  });

  it('in part, are not reported of a channel that is closed by its first answer', async () => {
    const { probe, lookups } = scripted();
    const updates = updatesFromNow();
    probe.inside = () => probe.resolver.destroy();
    probe.resolver.updateResolution();
    const endpoints = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    lookups[0]?.answerWith({ endpoints, incomplete: true });
    await turn();
    expect(probe.calls).toHaveLength(1);
    expect(updates.filter(({ error }) => error !== undefined)).toEqual([]);
  });

  it('leave the notes of RPCs when they are over, though nothing else changed', async () => {
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await later(100);
    probe.resolver.updateResolution();
    lookups[1]?.fail('down');
    await later(1001);
    lookups[2]?.answer('10.0.0.1');
    await later(30_001);
    lookups[3]?.answer('10.0.0.1');
    await turn();
    expect(probe.calls.map(({ note }) => note)).toEqual(['', 'the last answer was kept: down', '']);
  });

  it('are named where there were no endpoints before', async () => {
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    probe.resolver.updateResolution();
    lookups[0]?.answer();
    await later(100);
    probe.resolver.updateResolution();
    lookups[1]?.fail('the catalogue is down');
    await turn();
    expect(probe.calls.map(({ error }) => error?.details)).toEqual([
      'scripted:x: no endpoints',
      'scripted:x: no endpoints: the last answer was kept: the catalogue is down',
    ]);
  });

  it.each([
    [undefined, 'resolve() must give an object such as { endpoints: [] }, got undefined'],
    [{}, 'endpoints must be an array, got undefined'],
    [
      { endpoints: [{ addresses: [{ host: '10.0.0.1', port: 0 }] }] },
      'endpoints[0]: port of "10.0.0.1" must be an integer from 1 to 65535, got 0',
    ],
    [{ endpoints: [{ addresses: [{ host: '1.2.3', port: 1 }] }] }, 'endpoints[0]: "1.2.3" is neither'],
    [{ endpoints: [{ addresses: [] }] }, 'endpoints[0]: an endpoint is'],
  ])('say what is wrong with %j', async (resolution, message) => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.answerWith(resolution as Resolution);
    await turn();
    expect(probe.calls[0]?.error?.details).toContain(message);
  });

  it('include a resolve that throws, and one that returns nonsense', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.answerWith({} as Resolution);
    await turn();
    expect(probe.calls[0]?.error?.code).toBe(14);

    class Throwing extends PollingResolver {
      protected override resolve(): Promise<Resolution> {
        throw new Error('thrown, not rejected');
      }
      static getDefaultAuthority(): string {
        return 'throwing';
      }
    }
    const throwing = new Probe(Throwing, 'throwing:x');
    throwing.resolver.updateResolution();
    expect(throwing.calls).toHaveLength(0);
    await turn();
    expect(throwing.calls[0]?.error?.details).toContain('thrown, not rejected');
  });

  it('include a deadline, at which the signal aborts', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    await later(4999);
    expect(lookups[0]?.signal.aborted).toBe(false);
    await later(10);
    expect(lookups[0]?.signal.aborted).toBe(true);
    expect(probe.calls[0]?.error?.details).toContain('no answer within 5000 ms');
    lookups[0]?.answer('10.0.0.1'); // too late
    await turn();
    expect(probe.calls).toHaveLength(1);
  });

  it('spare what is returned in the turn of the deadline', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.signal.addEventListener('abort', () => lookups[0]?.answer('10.0.0.1'));
    await later(5010);
    expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual([['10.0.0.1:1']]);
  });

  it('in part deliver what there is, and look again after a back-off', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    const endpoints = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    lookups[0]?.answerWith({ endpoints, incomplete: true, note: 'b is missing' });
    await later(1010);
    expect(probe.calls.map(({ note }) => note)).toEqual(['b is missing']);
    lookups[1]?.answer('10.0.0.1', '10.0.0.2');
    await turn();
    expect(probe.calls[1]?.endpoints).toEqual(['10.0.0.1:1', '10.0.0.2:1']);
  });

  it('that follow a success are retried after the first delay again', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    for (const wait of [1000, 1600]) {
      lookups.at(-1)?.fail('down');
      await later(wait + 1);
    }
    expect(lookups).toHaveLength(3);
    lookups[2]?.answer('10.0.0.1');
    while (lookups.length < 4) await later(1000);
    lookups[3]?.fail('down again');
    await later(990);
    expect(lookups).toHaveLength(4);
    await later(20);
    expect(lookups).toHaveLength(5);
  });
});

describe('a request after an incomplete answer', () => {
  it('waits for the rate limit, not for the back-off, and ends in one call', async () => {
    const { probe, lookups } = scripted({ refreshInterval: Number.POSITIVE_INFINITY });
    const endpoints = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    probe.resolver.updateResolution();
    for (let attempt = 0; attempt < 12; attempt += 1) {
      lookups[attempt]?.answerWith({ endpoints, incomplete: true });
      while (lookups.length < attempt + 2) await later(100);
    }
    lookups[12]?.answerWith({ endpoints, incomplete: true });
    await turn();
    probe.resolver.updateResolution(); // the back-off is at two minutes now
    expect(lookups).toHaveLength(14);
    await later(1000);
    lookups[13]?.answerWith({ endpoints, incomplete: true });
    await turn();
    expect(probe.calls).toHaveLength(2);
    probe.resolver.updateResolution();
    await later(28_990);
    expect(lookups).toHaveLength(14);
    await later(20);
    expect(lookups).toHaveLength(15);
    await later(4000); // the back-off does not cut in
    expect(lookups).toHaveLength(15);
    lookups[14]?.answerWith({ endpoints, incomplete: true });
    await turn();
    expect(probe.calls).toHaveLength(3);
    await later(150_000); // nobody asks: the retries go on
    expect(lookups).toHaveLength(16);
  });

  it('starts a look that the back-off does not double, also when a failure came before', async () => {
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    const endpoints = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    probe.resolver.updateResolution();
    lookups[0]?.fail('down');
    await later(1010);
    lookups[1]?.answerWith({ endpoints, incomplete: true });
    await turn();
    probe.resolver.updateResolution();
    await later(100);
    expect(lookups).toHaveLength(3);
    await later(3000);
    expect(lookups).toHaveLength(3);
    lookups[2]?.answerWith({ endpoints, incomplete: true });
    await turn();
    expect(probe.calls).toHaveLength(3);
  });

  it('is served by a retry that comes first', async () => {
    const { probe, lookups } = scripted({ refreshInterval: Number.POSITIVE_INFINITY });
    const endpoints = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    probe.resolver.updateResolution();
    lookups[0]?.answerWith({ endpoints, incomplete: true });
    await turn();
    probe.resolver.updateResolution();
    await later(1000);
    expect(lookups).toHaveLength(2);
    lookups[1]?.answer('10.0.0.1');
    await later(40_000);
    expect(probe.calls).toHaveLength(2);
    expect(lookups).toHaveLength(2);
  });
});

describe('a refused result', () => {
  it('is offered again after our own back-off, which grows until it is accepted', async () => {
    const { probe, lookups } = scripted();
    probe.accept = false;
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await later(1010);
    expect(lookups).toHaveLength(2);
    lookups[1]?.answer('10.0.0.1');
    await later(1590);
    expect(lookups).toHaveLength(2);
    await later(20);
    expect(lookups).toHaveLength(3);
    probe.accept = true;
    lookups[2]?.answer('10.0.0.1');
    await later(10_000);
    expect(probe.calls).toHaveLength(3);
    expect(lookups).toHaveLength(3);
  });

  it('makes requests wait for that back-off', async () => {
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    probe.accept = false;
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await later(500);
    probe.resolver.updateResolution();
    await later(490);
    expect(lookups).toHaveLength(1);
    await later(20);
    expect(lookups).toHaveLength(2);
  });
});

describe('destroy', () => {
  it('aborts what is under way and drops its result, also that of an older generation', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    probe.resolver.destroy();
    expect(lookups[0]?.signal.aborted).toBe(true);
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.66');
    await turn();
    expect(probe.calls).toHaveLength(0);
    lookups[1]?.answer('10.0.0.1');
    await turn();
    expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual([['10.0.0.1:1']]);
  });

  it('drops a result that is on its way to the listener', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await Promise.resolve();
    await Promise.resolve();
    probe.resolver.destroy();
    await later(60_000);
    expect(probe.calls).toHaveLength(0);
  });

  it('leaves the last good answer for a channel that returns to a dead name service', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await turn();
    probe.resolver.destroy();
    probe.resolver.updateResolution();
    lookups[1]?.fail('down');
    await turn();
    expect(probe.calls[1]?.endpoints).toEqual(['10.0.0.1:1']);
  });

  it('from within the listener leaves no timer behind', async () => {
    for (const accept of [true, false]) {
      const { probe, lookups } = scripted();
      probe.accept = accept;
      probe.inside = () => probe.resolver.destroy();
      probe.resolver.updateResolution();
      lookups[0]?.answer('10.0.0.1');
      await turn();
      expect(probe.calls).toHaveLength(1);
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  it('ends the retries of a failure: nothing is looked up any more', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.fail('down');
    await turn();
    probe.resolver.destroy();
    await later(300_000);
    expect(lookups).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('forgets how long the back-off had become', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.fail('down');
    await turn();
    probe.resolver.destroy();
    probe.resolver.updateResolution();
    lookups[1]?.fail('down');
    await later(1010);
    expect(lookups).toHaveLength(3);
  });
});

describe('an empty list', () => {
  it('is an error as long as the channel has nothing, for which grpc-js would let RPCs hang', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.answer();
    await turn();
    expect(probe.calls[0]?.error?.details).toBe('scripted:x: no endpoints');
  });

  it('empties a channel that had endpoints', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await later(30_001);
    lookups[1]?.answer();
    await turn();
    expect(probe.calls[1]?.endpoints).toEqual([]);
  });

  it('is an error again after the channel was idle: its new policy has nothing', async () => {
    const { probe, lookups } = scripted();
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await turn();
    probe.resolver.destroy();
    probe.resolver.updateResolution();
    lookups[1]?.answer();
    await turn();
    expect(probe.calls[1]?.error).toMatchObject({ code: 14, details: 'scripted:x: no endpoints' });
  });
});

describe('10,000 endpoints', () => {
  it('refresh without a listener call when nothing changed', async () => {
    const { probe, lookups } = scripted();
    const hosts = Array.from({ length: 10_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    probe.resolver.updateResolution();
    lookups[0]?.answer(...hosts);
    await later(30_001);
    lookups[1]?.answer(...hosts.toReversed());
    await turn();
    expect(probe.calls).toHaveLength(1);
    expect(lookups).toHaveLength(2);
  });
});

describe('a listener that throws', () => {
  it('counts as a refusal and nothing is left unhandled', async () => {
    const { probe, lookups } = scripted();
    vi.spyOn(console, 'error').mockImplementation(() => {});
    probe.inside = () => {
      throw new Error('policy bug');
    };
    probe.resolver.updateResolution();
    lookups[0]?.answer('10.0.0.1');
    await later(1010);
    expect(lookups).toHaveLength(2);
  });
});

describe('a bad service config', () => {
  it('counts from when the policy that it names is registered', async () => {
    const { probe, lookups } = scripted();
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const serviceConfig = { loadBalancingConfig: [{ late_policy: {} }] };
    const look = { endpoints: [{ addresses: [{ host: '10.0.0.1', port: 1 }] }], serviceConfig };
    probe.resolver.updateResolution();
    lookups[0]?.answerWith(look);
    await later(30_001);
    lookups[1]?.answerWith(look);
    await turn();
    expect(probe.calls.map((call) => call.serviceConfig)).toEqual([null]);
    expect(error).toHaveBeenCalledTimes(1);
    registerPassivePolicy('late_policy');
    await later(30_001);
    lookups[2]?.answerWith(look);
    await turn();
    expect(probe.calls[1]?.serviceConfig?.loadBalancingConfig).toEqual([{ late_policy: {} }]);
    expect(probe.calls[1]?.note).toBe('');
  });
});

describe('the timers of a polling resolver', () => {
  it('keep no process: deadline, periodic refresh, rate limit and back-off', async () => {
    const { probe, lookups } = scripted();
    const deadline = await timersSetBy(() => probe.resolver.updateResolution());
    lookups[0]?.answer('10.0.0.1');
    const refresh = await timersSetBy(turn);
    const request = await timersSetBy(() => probe.resolver.updateResolution());
    await later(30_000);
    lookups[1]?.fail('down');
    const backoff = await timersSetBy(turn);
    for (const timers of [deadline, refresh, request, backoff]) {
      expect(timers).toHaveLength(1);
      expect(keepProcess(timers)).toBe(false);
    }
  });
});
