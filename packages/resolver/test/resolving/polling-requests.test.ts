/** What the channel asks of a polling resolver, and when that is answered. */
import { describe, expect, it, vi } from 'vitest';
import type { Resolution } from '../../src/index.js';
import { later, type Pending, scripted, turn, useFakeClock } from '../support/scripted-resolver.js';
import { timersSetBy } from '../support/timers.js';

useFakeClock();

describe('a resolution that the channel asked for', () => {
  it('ends in one listener call, on a later tick, however often it was asked for', async () => {
    const { probe, lookups } = scripted();
    for (let rpc = 0; rpc < 1000; rpc += 1) probe.resolver.updateResolution();
    expect(lookups).toHaveLength(0);
    await Promise.resolve();
    expect(lookups).toHaveLength(1);
    lookups[0]?.answer('10.0.0.1');
    await Promise.resolve();
    expect(probe.calls).toHaveLength(0);
    await turn();
    expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual([['10.0.0.1:1']]);
  });

  it('is answered also when nothing changed, with the same endpoint objects', async () => {
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    await probe.request();
    lookups[0]?.answer('10.0.0.1');
    await later(100);
    await probe.request();
    lookups[1]?.answer('10.0.0.1');
    await turn();
    expect(probe.calls).toHaveLength(2);
    expect(probe.calls[1]?.raw?.[0]).toBe(probe.calls[0]?.raw?.[0]);
    expect(probe.calls[1]?.attributes).toEqual(probe.calls[0]?.attributes);
  });

  it('waits for grpc.dns_min_time_between_resolutions_ms since the last one, 30 s by default', async () => {
    const { probe, lookups } = scripted({ refreshInterval: Number.POSITIVE_INFINITY });
    await probe.request();
    lookups[0]?.answer('10.0.0.1');
    await later(1000);
    await probe.request();
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
    await probe.request();
    for (let elapsed = 0; elapsed < 1000; elapsed += 1) {
      lookups.at(-1)?.answer('10.0.0.1');
      await later(1);
    }
    expect(probe.calls.length).toBeGreaterThanOrEqual(9);
    expect(probe.calls.length).toBeLessThanOrEqual(11);
  });

  it('is served by a periodic look that is under way', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answer('10.0.0.1');
    await later(30_001);
    expect(lookups).toHaveLength(2);
    await probe.request();
    expect(lookups).toHaveLength(2);
    lookups[1]?.answer('10.0.0.1');
    await turn();
    expect(probe.calls).toHaveLength(2);
  });

  it('costs one timer while it waits for the rate limit, however often it is asked for', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answer('10.0.0.1');
    await turn();
    const timers = await timersSetBy(() => {
      for (let rpc = 0; rpc < 1000; rpc += 1) probe.resolver.updateResolution();
    });
    expect(timers).toHaveLength(1);
  });

  it('when served by a look under way, counts for the rate limit from the start of that look', async () => {
    const { probe, lookups } = scripted({ refreshInterval: 40_000 });
    await probe.request();
    lookups[0]?.answer('10.0.0.1');
    while (lookups.length < 2) await vi.advanceTimersToNextTimerAsync();
    const refreshed = performance.now();
    await later(2000);
    await probe.request();
    lookups[1]?.answer('10.0.0.1');
    await turn();
    expect(probe.calls).toHaveLength(2);
    await probe.request();
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
      await probe.request();
      while (lookups.length <= index) await later(100);
      expect(lookups[index]?.signal.aborted).toBe(false);
      end(lookups[index]);
      await turn();
      expect(lookups[index]?.signal.aborted).toBe(true);
    }
  });
});

describe('a request after an incomplete answer', () => {
  it('waits for the rate limit, not for the back-off, and ends in one call', async () => {
    const { probe, lookups } = scripted({ refreshInterval: Number.POSITIVE_INFINITY });
    const endpoints = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    await probe.request();
    for (let attempt = 0; attempt < 12; attempt += 1) {
      lookups[attempt]?.answerWith({ endpoints, incomplete: true });
      while (lookups.length < attempt + 2) await later(100);
    }
    lookups[12]?.answerWith({ endpoints, incomplete: true });
    await turn();
    await probe.request(); // the back-off is at two minutes now
    expect(lookups).toHaveLength(14);
    await later(1000);
    lookups[13]?.answerWith({ endpoints, incomplete: true });
    await turn();
    expect(probe.calls).toHaveLength(2);
    await probe.request();
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
    await probe.request();
    lookups[0]?.fail('down');
    await later(1010);
    lookups[1]?.answerWith({ endpoints, incomplete: true });
    await turn();
    await probe.request();
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
    await probe.request();
    lookups[0]?.answerWith({ endpoints, incomplete: true });
    await turn();
    await probe.request();
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
    await probe.request();
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
    await probe.request();
    lookups[0]?.answer('10.0.0.1');
    await later(500);
    await probe.request();
    await later(490);
    expect(lookups).toHaveLength(1);
    await later(20);
    expect(lookups).toHaveLength(2);
  });
});
