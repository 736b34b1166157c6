/** What a stall of the event loop must not cost: look-ups that have been answered, or would be in a moment. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeStall, stall } from '../../../service-config/test/time/stalls.js';
import { txtLookup } from '../../src/lookup/txt.js';
import { createDnsRefreshResolverClass } from '../../src/schemes/dns-refresh.js';
import { createStaticResolverClass } from '../../src/schemes/static.js';
import { Probe } from '../support/probe.js';
import { later, scripted, turn } from '../support/scripted-resolver.js';
import { injected, record } from '../support/srv-probe.js';

/** An answer that comes when the test says so. */
function pending(): {
  readonly answer: Promise<readonly string[]>;
  readonly come: (records: readonly string[]) => void;
} {
  let come: (records: readonly string[]) => void = () => {};
  const answer = new Promise<readonly string[]>((resolve) => {
    come = resolve;
  });
  return { answer, come };
}

const never = new Promise<never>(() => {});

describe('the deadline of a resolution', () => {
  it.each([
    ['static:', createStaticResolverClass({ deadline: 100 }), 'static:localhost:1'],
    ['dns+refresh:', createDnsRefreshResolverClass({ deadline: 100 }), 'dns+refresh:///localhost:1'],
  ])('of %s outlasts a stall in which the system answers', async (_scheme, resolverClass, target) => {
    const asked = new Probe(resolverClass, target).ask();
    stall(300);
    const { endpoints, error } = await asked;
    expect(error).toBeUndefined();
    expect(endpoints?.join()).toContain('127.0.0.1:1');
  });
});

describe('on a fake clock', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it('the deadline of a resolution outlasts stalls, and ends the resolution in the end', async () => {
    const { probe, lookups } = scripted({ deadline: 1600 });
    await probe.request();
    for (const ms of [6000, 300, 60_000]) {
      fakeStall(ms);
      await later(400);
    }
    expect(lookups[0]?.signal.aborted).toBe(false);
    await later(102);
    expect(lookups[0]?.signal.aborted).toBe(true);
    expect(probe.calls[0]?.error?.details).toContain('no answer within 1600 ms');
  });

  it('an answer that is read after a stall at the very end of a resolution counts', async () => {
    const { probe, lookups } = scripted({ deadline: 1600 });
    await probe.request();
    await later(1590);
    fakeStall(6000);
    await later(10);
    expect(lookups[0]?.signal.aborted).toBe(false);
    lookups[0]?.answer('10.0.0.1');
    await turn();
    expect(probe.calls[0]?.endpoints).toEqual(['10.0.0.1:1']);
  });

  it('the addresses wait for a service config that comes right after a stall', async () => {
    const { answer, come } = pending();
    const session = { srv: () => never, addresses: () => never, txt: () => answer };
    const txt = txtLookup('echo.test', {}, { open: () => session, deadline: 5000, trace: undefined });
    txt.start();
    const settled = txt.settle(new AbortController().signal);
    fakeStall(6000);
    await later(800);
    come([`grpc_config=${JSON.stringify([{ serviceConfig: { loadBalancingConfig: [] } }])}`]);
    expect((await settled).serviceConfig).toEqual({ loadBalancingConfig: [] });
  });

  it('the addresses wait for a service config for a second, and no longer', async () => {
    const session = { srv: () => never, addresses: () => never, txt: () => never };
    const txt = txtLookup('echo.test', {}, { open: () => session, deadline: 5000, trace: undefined });
    txt.start();
    let settled = false;
    void txt.settle(new AbortController().signal).then(() => {
      settled = true;
    });
    await later(990);
    expect(settled).toBe(false);
    await later(20);
    expect(settled).toBe(true);
  });

  it('the query for the service config goes on after a stall, and is cancelled in the end', async () => {
    const signals: AbortSignal[] = [];
    const open = (signal: AbortSignal) => {
      signals.push(signal);
      return { srv: () => never, addresses: () => never, txt: () => never };
    };
    const txt = txtLookup('echo.test', {}, { open, deadline: 1600, trace: undefined });
    txt.start();
    fakeStall(6000);
    await later(1400);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await later(100);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('the next priority of srv: is not asked for because of a stall', async () => {
    const { answer, come } = pending();
    const asked = new Set<string>();
    const channel = injected([record('main', 1), record('standby', 2)], (host) => {
      asked.add(host);
      return answer;
    });
    channel.resolver.updateResolution();
    await turn();
    fakeStall(4000);
    await later(1500);
    expect([...asked]).toEqual(['main']);
    await later(200);
    expect([...asked]).toEqual(['main', 'standby']);
    come(['10.0.0.1']);
    await turn();
    expect(channel.calls[0]?.endpoints).toEqual(['10.0.0.1:1']);
  });
});
