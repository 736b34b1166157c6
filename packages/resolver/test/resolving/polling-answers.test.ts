/** What becomes of what `resolve` found: the periodic refresh, and answers of every kind. */
import { experimental } from '@grpc/grpc-js';
import { describe, expect, it, vi } from 'vitest';
import { later, scripted, turn, useFakeClock } from '../support/scripted-resolver.js';
import { answersFromNow, updatesFromNow } from '../support/update-log.js';

useFakeClock();

/** A policy that nobody runs. */
function registerPassivePolicy(name: string): void {
  class Config implements experimental.TypedLoadBalancingConfig {
    getLoadBalancerName = (): string => name;
    toJsonObject = (): object => ({ [name]: {} });
    static createFromJson = (): Config => new Config();
  }
  experimental.registerLoadBalancerType(name, experimental.LeafLoadBalancer as never, Config);
}

describe('the periodic refresh', () => {
  it('tells nothing when nothing changed, and the change when there is one', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
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
    await probe.request();
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
    await probe.request();
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
    await probe.request();
    for (let look = 0; look < 3; look += 1) {
      lookups[look]?.answerWith({ endpoints, incomplete: true });
      await later(1001);
      expect(lookups).toHaveLength(look + 2);
    }
    expect(probe.calls).toHaveLength(1);
  });

  it('is independent of the rate limit on requests', async () => {
    const { probe, lookups } = scripted({ refreshInterval: 1000 });
    await probe.request();
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
      await probe.request();
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
    await probe.request();
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
      'defineResolver: its argument must have no field but scheme, authority, resolve, refreshInterval, deadline, keepOrder, unixSockets, tracer, maxEndpoints, maxAddressesPerEndpoint, maxAddresses, got "interval"',
    ],
  ])('refuses %o', (options, message) => {
    expect(() => scripted(options)).toThrow(message);
  });
});

describe('what resolve returns', () => {
  it('may name endpoints in any of their forms', async () => {
    const { probe, lookups } = scripted({ unixSockets: true });
    await probe.request();
    lookups[0]?.answerWith({
      endpoints: [
        '[::1]:1+127.0.0.1:1',
        { addresses: ['10.0.0.1:1'] },
        { addresses: [{ path: '/run/echo' }] },
      ],
    });
    await turn();
    expect(probe.calls[0]?.endpoints).toEqual(['[::1]:1+127.0.0.1:1', '10.0.0.1:1', '/run/echo']);
  });

  it('is copied: the same array, changed in place, is a change', async () => {
    const { probe, lookups } = scripted();
    const endpoints = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    await probe.request();
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
      await probe.request();
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
      await probe.request();
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
    await probe.request();
    lookups[0]?.answerWith({ endpoints, serviceConfig });
    await later(30_001);
    serviceConfig.loadBalancingConfig = [{ pick_first: {} }];
    lookups[1]?.answerWith({ endpoints, serviceConfig });
    await turn();
    expect(probe.calls[1]?.serviceConfig?.loadBalancingConfig).toEqual([{ pick_first: {} }]);
  });
});

describe('an empty list', () => {
  it('is an error as long as the channel has nothing, for which grpc-js would let RPCs hang', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answer();
    await turn();
    expect(probe.calls[0]?.error?.details).toBe('scripted:x: no endpoints');
  });

  it('empties a channel that had endpoints', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answer('10.0.0.1');
    await later(30_001);
    lookups[1]?.answer();
    await turn();
    expect(probe.calls[1]?.endpoints).toEqual([]);
  });

  it('is an error again after the channel was idle: its new policy has nothing', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answer('10.0.0.1');
    await turn();
    probe.resolver.destroy();
    await probe.request();
    lookups[1]?.answer();
    await turn();
    expect(probe.calls[1]?.error).toMatchObject({ code: 14, details: 'scripted:x: no endpoints' });
  });
});

describe('10,000 endpoints', () => {
  it('refresh without a listener call when nothing changed', async () => {
    const { probe, lookups } = scripted({ maxEndpoints: 10_000 });
    const hosts = Array.from({ length: 10_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    await probe.request();
    lookups[0]?.answer(...hosts);
    await later(30_001);
    lookups[1]?.answer(...hosts.toReversed());
    await turn();
    expect(probe.calls).toHaveLength(1);
    expect(lookups).toHaveLength(2);
  });
});

describe('a bad service config', () => {
  it('counts from when the policy that it names is registered', async () => {
    const { probe, lookups } = scripted();
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const updates = updatesFromNow();
    const serviceConfig = { loadBalancingConfig: [{ late_policy: {} }] };
    const look = { endpoints: [{ addresses: [{ host: '10.0.0.1', port: 1 }] }], serviceConfig };
    await probe.request();
    lookups[0]?.answerWith(look);
    await later(30_001);
    lookups[1]?.answerWith(look);
    await turn();
    expect(probe.calls.map((call) => call.serviceConfig)).toEqual([null]);
    expect(error).toHaveBeenCalledTimes(1);
    expect(updates.flatMap((update) => update.error ?? [])).toEqual([
      expect.stringMatching(/^bad service config ignored: .*late_policy is not registered/),
    ]);
    registerPassivePolicy('late_policy');
    await later(30_001);
    lookups[2]?.answerWith(look);
    await turn();
    expect(probe.calls[1]?.serviceConfig?.loadBalancingConfig).toEqual([{ late_policy: {} }]);
    expect(probe.calls[1]?.note).toBe('');
  });
});

describe('petiole.resolver.answer', () => {
  it('has each good look that the channel asked for or not, changed or not, and no failure that keeps an answer', async () => {
    const answers = answersFromNow();
    const { probe, lookups } = scripted(
      { refreshInterval: 1000 },
      { 'grpc.initial_reconnect_backoff_ms': 500 },
    );
    await probe.request();
    for (const hosts of [['10.0.0.1'], ['10.0.0.1'], ['10.0.0.1', '10.0.0.2'], []]) {
      lookups.at(-1)?.answer(...hosts);
      await later(1001);
    }
    expect(answers).toEqual([1, 1, 2, 0]);
    lookups.at(-1)?.answer('10.0.0.1');
    await turn();
    await probe.request();
    for (let failures = 0; failures < 3; failures += 1) {
      await later(1001);
      lookups.at(-1)?.fail('DNS is down');
      await turn();
      await probe.request();
    }
    expect(probe.calls.at(-1)).toMatchObject({
      endpoints: ['10.0.0.1:1'],
      note: 'the last answer was kept: DNS is down',
    });
    expect(answers).toEqual([1, 1, 2, 0, 1]);
    await later(2001);
    lookups.at(-1)?.answer('10.0.0.1');
    await turn();
    expect(answers).toEqual([1, 1, 2, 0, 1, 1]);
  });

  it('has none that the policy refused, and none that was kept for a channel back from idle', async () => {
    const answers = answersFromNow();
    const { probe, lookups } = scripted();
    probe.accept = false;
    await probe.request();
    lookups[0]?.answer('10.0.0.1');
    await turn();
    expect(answers).toEqual([]);
    probe.accept = true;
    await later(1001);
    lookups[1]?.answer('10.0.0.1');
    await turn();
    expect(answers).toEqual([1]);
    probe.resolver.destroy();
    await probe.request();
    lookups[2]?.fail('DNS is down');
    await turn();
    expect(probe.calls.at(-1)?.endpoints).toEqual(['10.0.0.1:1']);
    expect(answers).toEqual([1]);
  });

  it('has no empty list as long as that is an error to the channel', async () => {
    const answers = answersFromNow();
    const { probe, lookups } = scripted({ refreshInterval: 1000 });
    await probe.request();
    for (let look = 0; look < 2; look += 1) {
      lookups[look]?.answer();
      await later(1001);
    }
    expect(probe.calls).toHaveLength(1);
    expect(answers).toEqual([]);
  });
});
