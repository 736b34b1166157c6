/** The end of a polling resolver, and what must not end or keep a process. */
import { describe, expect, it, vi } from 'vitest';
import { later, scripted, turn, useFakeClock } from '../support/scripted-resolver.js';
import { keepProcess, timersSetBy } from '../support/timers.js';

useFakeClock();

describe('destroy', () => {
  it('aborts what is under way and drops its result, also that of an older generation', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    probe.resolver.destroy();
    expect(lookups[0]?.signal.aborted).toBe(true);
    await probe.request();
    lookups[0]?.answer('10.0.0.66');
    await turn();
    expect(probe.calls).toHaveLength(0);
    lookups[1]?.answer('10.0.0.1');
    await turn();
    expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual([['10.0.0.1:1']]);
  });

  it('drops a result that is on its way to the listener', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answer('10.0.0.1');
    await Promise.resolve();
    await Promise.resolve();
    probe.resolver.destroy();
    await later(60_000);
    expect(probe.calls).toHaveLength(0);
  });

  it('leaves the last good answer for a channel that returns to a dead name service', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answer('10.0.0.1');
    await turn();
    probe.resolver.destroy();
    await probe.request();
    lookups[1]?.fail('down');
    await turn();
    expect(probe.calls[1]?.endpoints).toEqual(['10.0.0.1:1']);
  });

  it('from within the listener leaves no timer behind', async () => {
    for (const accept of [true, false]) {
      const { probe, lookups } = scripted();
      probe.accept = accept;
      probe.inside = () => probe.resolver.destroy();
      await probe.request();
      lookups[0]?.answer('10.0.0.1');
      await turn();
      expect(probe.calls).toHaveLength(1);
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  it('ends the retries of a failure: nothing is looked up any more', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.fail('down');
    await turn();
    probe.resolver.destroy();
    await later(300_000);
    expect(lookups).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('forgets how long the back-off had become', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.fail('down');
    await turn();
    probe.resolver.destroy();
    await probe.request();
    lookups[1]?.fail('down');
    await later(1010);
    expect(lookups).toHaveLength(3);
  });
});

describe('a listener that throws', () => {
  it('counts as a refusal and nothing is left unhandled', async () => {
    const { probe, lookups } = scripted();
    vi.spyOn(console, 'error').mockImplementation(() => {});
    probe.inside = () => {
      throw new Error('policy bug');
    };
    await probe.request();
    lookups[0]?.answer('10.0.0.1');
    await later(1010);
    expect(lookups).toHaveLength(2);
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
