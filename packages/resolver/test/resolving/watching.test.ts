/** Endpoints that a watch pushes: what its channels are told, and when it begins and ends. */
import type { ChannelOptions } from '@grpc/grpc-js';
import { openClient } from '@petiole/test-kit/clients';
import { ask } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { told } from '@petiole/test-kit/told';
import { describe, expect, test, vi } from 'vitest';
import { fakeStall } from '../../../service-config/test/time/stalls.js';
import { defineResolver, type ResolverWatch, type WatchingDefinition } from '../../src/index.js';
import { createResolverClass } from '../../src/schemes/define-resolver.js';
import { Probe } from '../support/probe.js';
import { later, turn, useFakeClock } from '../support/scripted-resolver.js';
import { keepProcess, timersSetBy } from '../support/timers.js';
import { answersFromNow, updatesFromNow } from '../support/update-log.js';

/** A watch that the test ends. */
interface Pending extends ResolverWatch {
  returns(): void;
  throws(message: string): void;
  say(...endpoints: string[]): void;
}

/** A scheme whose watches the test holds, in the order in which they began. */
function watched(options: Partial<WatchingDefinition> = {}): {
  watches: Pending[];
  channel(channelOptions?: ChannelOptions, target?: string): Probe;
} {
  const watches: Pending[] = [];
  const resolverClass = createResolverClass({
    scheme: 'watched',
    authority: () => 'watched',
    watch: (watch) =>
      new Promise((resolve, reject) => {
        watches.push({
          ...watch,
          returns: resolve,
          throws: (message) => reject(new Error(message)),
          say: (...endpoints) => watch.update({ endpoints }),
        });
      }),
    ...options,
  });
  return {
    watches,
    channel: (channelOptions = {}, target = 'watched:x') => new Probe(resolverClass, target, channelOptions),
  };
}

/** A channel that has asked, and the watch that has begun. */
async function begun(options: Partial<WatchingDefinition> = {}) {
  const { watches, channel } = watched(options);
  const probe = channel();
  probe.resolver.updateResolution();
  await turn();
  return { watches, channel, probe, watch: watches[0] ?? expect.unreachable() };
}

const DOWN = 'Name resolution failed for target watched:x: ';

describe('a watch', () => {
  useFakeClock();

  test('is given the target, and each of its updates reaches the channel, whatever was asked meanwhile', async () => {
    const { watches, channel } = watched();
    const probe = channel({}, 'watched://a.example/b');
    probe.resolver.updateResolution();
    await turn();
    expect(watches[0]?.target).toEqual({ scheme: 'watched', authority: 'a.example', path: 'b' });
    for (const port of [1, 2, 3]) {
      watches[0]?.say(`10.0.0.1:${port}`);
      probe.resolver.updateResolution();
      await turn();
    }
    expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual([
      ['10.0.0.1:1'],
      ['10.0.0.1:2'],
      ['10.0.0.1:3'],
    ]);
    expect(watches.length).toBe(1);
  });

  test('serves all channels with the same target and options, and ends with the last of them', async () => {
    const { watches, channel } = watched();
    const one = channel();
    const two = channel();
    for (const { resolver } of [one, two]) resolver.updateResolution();
    await turn();
    watches[0]?.say('10.0.0.1:1');
    await turn();
    const three = channel();
    three.resolver.updateResolution();
    await turn();
    expect(watches.length).toBe(1);
    for (const { calls } of [one, two, three]) {
      expect(calls.map(({ endpoints }) => endpoints)).toEqual([['10.0.0.1:1']]);
      expect(() => calls[0]?.raw?.[0]?.addresses.pop()).toThrow(TypeError); // frozen: the others have it, too
    }
    one.resolver.destroy();
    three.resolver.destroy();
    expect(watches[0]?.signal.aborted).toBe(false);
    watches[0]?.say('10.0.0.2:1');
    await turn();
    expect([one, two, three].map(({ calls }) => calls.length)).toEqual([1, 2, 1]);
    two.resolver.destroy();
    expect(watches[0]?.signal.aborted).toBe(true);
    watches[0]?.say('10.0.0.3:1');
    watches[0]?.returns();
    await later(60_000);
    expect([one, two, three].map(({ calls }) => calls.length)).toEqual([1, 2, 1]);
    expect(watches.length).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is another one for another target, and for other delays between connection attempts', async () => {
    const { watches, channel } = watched();
    for (const probe of [
      channel(),
      channel({}, 'watched:y'),
      channel({ 'grpc.initial_reconnect_backoff_ms': 50 }),
    ]) {
      probe.resolver.updateResolution();
    }
    await turn();
    expect(watches.map(({ target }) => target.path)).toEqual(['x', 'y', 'x']);
  });

  test('begins anew for a channel that was idle, which is told nothing old until it fails', async () => {
    const { watches, probe, watch } = await begun();
    watch.say('10.0.0.1:1');
    await turn();
    probe.resolver.destroy();
    probe.resolver.updateResolution();
    await turn();
    expect(watches.length).toBe(2);
    expect(probe.calls).toHaveLength(1);
    watches[1]?.throws('the catalogue is down');
    await turn();
    expect(probe.calls.map(({ endpoints, note }) => [endpoints, note])).toEqual([
      [['10.0.0.1:1'], ''],
      [['10.0.0.1:1'], 'the last answer was kept: the catalogue is down'],
    ]);
  });

  test('tells of a flood of updates once in a turn of the event loop: of the newest', async () => {
    const { probe, watch } = await begun();
    for (let port = 1; port <= 10_000; port += 1) watch.say(`10.0.0.1:${port}`);
    for (let port = 1; port <= 10; port += 1) {
      await told(); // a tick, of which a turn of the event loop has many
      watch.say(`10.0.0.2:${port}`);
    }
    await turn();
    expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual([['10.0.0.2:10']]);
  });

  test('that says the same again is silent, and keeps the places of endpoints', async () => {
    const { probe, watch } = await begun();
    for (const endpoints of [
      ['10.0.0.1:1', '10.0.0.2:1'],
      ['10.0.0.2:1', '10.0.0.1:1'],
      ['10.0.0.3:1', '10.0.0.2:1', '10.0.0.1:1'],
    ]) {
      watch.say(...endpoints);
      await turn();
    }
    expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual([
      ['10.0.0.1:1', '10.0.0.2:1'],
      ['10.0.0.1:1', '10.0.0.2:1', '10.0.0.3:1'],
    ]);
  });

  test('brings no more than the bounds allow, and a service config', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { probe, watch } = await begun({ maxEndpoints: 1 });
    const serviceConfig = { loadBalancingConfig: [{ round_robin: {} }] };
    watch.update({ endpoints: ['10.0.0.1:1', '10.0.0.2:1'], serviceConfig });
    await turn();
    expect(probe.calls[0]).toMatchObject({
      endpoints: ['10.0.0.1:1'],
      serviceConfig,
      note: '1 of 2 endpoints are left out: maxEndpoints is 1',
    });
  });

  test('that a policy refuses is told again after the back-off of the channel', async () => {
    const { probe, watch } = await begun();
    probe.accept = false;
    watch.say('10.0.0.1:1');
    await turn();
    probe.accept = true;
    await later(1000);
    expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual([['10.0.0.1:1'], ['10.0.0.1:1']]);
  });
});

describe('a watch that ends by itself', () => {
  useFakeClock();

  test.each([
    ['throws', (watch: Pending) => watch.throws('no catalogue'), 'no catalogue'],
    ['returns', (watch: Pending) => watch.returns(), 'the watch has ended'],
    ['calls fail', (watch: Pending) => watch.fail(new Error('no catalogue')), 'no catalogue'],
    ['calls fail with a text', (watch: Pending) => watch.fail('no catalogue'), 'no catalogue'],
  ])(
    'as one that %s fails RPCs before any answer, and begins again with growing back-off',
    async (_, end, message) => {
      const { watches, probe } = await begun();
      const starts = [performance.now()];
      for (let attempt = 0; attempt < 3; attempt += 1) {
        end(watches[attempt] ?? expect.unreachable());
        await turn();
        expect(watches[attempt]?.signal.aborted).toBe(true);
        for (let request = 0; request < 10; request += 1) probe.resolver.updateResolution();
        while (watches.length < attempt + 2) await later(10);
        starts.push(performance.now());
      }
      const waits = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
      for (const [index, wait] of [1000, 1600, 2560].entries()) expect(waits[index]).toBeCloseTo(wait, -2);
      const { code, details } = probe.calls.at(-1)?.error ?? expect.unreachable();
      expect([code, details]).toEqual([14, DOWN + message]);
    },
  );

  test('makes the back-off short again only when it has lasted as long as was waited for it, without stalls', async () => {
    const { watches } = await begun();
    /** Ends the newest watch. Resolves to the milliseconds until the next one. */
    const next = async (): Promise<number> => {
      const { length } = watches;
      const end = performance.now();
      watches.at(-1)?.throws('down');
      while (watches.length === length) await later(10);
      return performance.now() - end;
    };
    const live = async (ms: number): Promise<void> => {
      for (const end = performance.now() + ms; performance.now() < end; await later(100)) {
        watches.at(-1)?.say(`10.0.0.1:${1 + watches.length}`);
      }
    };
    for (const wait of [1000, 1600]) {
      await live(900);
      expect(await next()).toBeCloseTo(wait, -2);
    }
    await live(500);
    fakeStall(60_000);
    await live(500);
    expect(await next()).toBeCloseTo(2560, -2);
    await live(2700);
    expect(await next()).toBeCloseTo(1000, -2);
  });

  test('begins again with the same target object, by which it may find what it knew', async () => {
    const { watches, watch } = await begun();
    watch.throws('down');
    await later(1000);
    expect(watches[1]?.target).toBe(watch.target);
  });

  test('counts with what it said before the end', async () => {
    const { probe, watch } = await begun();
    watch.say('10.0.0.1:1');
    watch.returns();
    await turn();
    expect(probe.calls.map(({ endpoints, note }) => [endpoints, note])).toEqual([
      [['10.0.0.1:1'], 'the last answer was kept: the watch has ended'],
    ]);
  });

  test('leaves channels their last answer, tells later ones and observers why, and that it is well again', async () => {
    const updates = updatesFromNow();
    const { watches, channel, probe, watch } = await begun();
    watch.say('10.0.0.1:1');
    await turn();
    watch.throws('cut');
    await turn();
    expect(probe.calls.map(({ endpoints, note }) => [endpoints, note])).toEqual([[['10.0.0.1:1'], '']]);
    const late = channel();
    late.resolver.updateResolution();
    await turn();
    expect([late.calls[0]?.endpoints, late.calls[0]?.note]).toEqual([
      ['10.0.0.1:1'],
      'the last answer was kept: cut',
    ]);
    await later(1000);
    watches[1]?.say('10.0.0.1:1');
    await turn();
    expect([probe, late].map(({ calls }) => calls.at(-1)?.note)).toEqual(['', '']);
    vi.useRealTimers();
    await told();
    expect(updates.map(({ endpoints, error, reason }) => [reason, endpoints, error])).toEqual([
      ['update', 1, undefined],
      ['update', 1, 'cut'],
      ['replay', 1, undefined],
    ]);
  });

  test('gives petiole.resolver.answer each update for each channel that has it, and nothing that was kept', async () => {
    const answers = answersFromNow();
    const { watches, channel, probe, watch } = await begun();
    watch.say('10.0.0.1:1');
    await turn();
    channel().resolver.updateResolution();
    await turn();
    expect(answers).toEqual([1, 1]); // the second channel is told the same
    watch.say('10.0.0.1:1');
    await turn();
    expect(answers).toEqual([1, 1, 1, 1]);
    watch.say('10.0.0.1:99999');
    await turn();
    watch.throws('cut');
    await turn();
    channel().resolver.updateResolution();
    await later(1001);
    expect(probe.calls).toHaveLength(1);
    expect(answers).toEqual([1, 1, 1, 1]);
    watches[1]?.say('10.0.0.1:1');
    await turn();
    expect(answers).toEqual(Array(7).fill(1));
  });

  test('gives petiole.resolver.answer what it said before the end, and not what a dead one leaves', async () => {
    const answers = answersFromNow();
    const { watches, probe, watch } = await begun();
    watch.say('10.0.0.1:1');
    watch.returns();
    await turn();
    expect(answers).toEqual([1]);
    await later(1001);
    watches[1]?.say('10.0.0.1:1');
    watches[1]?.returns();
    await turn();
    expect(answers).toEqual([1, 1]);
    probe.resolver.destroy();
    probe.resolver.updateResolution();
    await turn();
    watches[2]?.throws('down');
    await turn();
    expect(probe.calls.at(-1)?.note).toBe('the last answer was kept: down');
    expect(answers).toEqual([1, 1]);
  });

  test('is ended by its deadline when it has said nothing', async () => {
    const { watches, probe, watch } = await begun({ deadline: 1000 });
    await later(990);
    expect(watch.signal.aborted).toBe(false);
    await later(20);
    expect(watch.signal.aborted).toBe(true);
    expect(probe.calls[0]?.error?.details).toBe(`${DOWN}no answer within 1000 ms`);
    await later(1000);
    watches[1]?.say('10.0.0.1:1');
    await later(60_000);
    expect(watches.length).toBe(2);
    expect(probe.calls.at(-1)?.endpoints).toEqual(['10.0.0.1:1']);
  });

  test('does not end by an update that cannot be used: the answer before it stays, and its cause is told', async () => {
    const updates = updatesFromNow();
    const { watches, probe, watch } = await begun();
    watch.update(undefined as never);
    await turn();
    expect(probe.calls[0]?.error?.details).toBe(
      `${DOWN}resolve() must give an object such as { endpoints: [] }, got undefined`,
    );
    watch.say('10.0.0.1:1');
    await turn();
    watch.say('10.0.0.1:99999');
    await turn();
    watch.say('10.0.0.2:1', '10.0.0.1:99999');
    await turn();
    expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual([
      undefined,
      ['10.0.0.1:1'],
      ['10.0.0.2:1'],
    ]);
    expect(watches.length).toBe(1);
    vi.useRealTimers();
    await told();
    expect(updates.at(2)?.error).toContain('a port is an integer from 1 to 65535');
    expect(updates.at(-1)).toMatchObject({ endpoints: 1, error: probe.calls[2]?.note });
  });

  test('with no promise is told what is wrong with it', async () => {
    const { probe } = await (async () => {
      const { channel } = watched({ watch: (() => {}) as never });
      const opened = channel();
      opened.resolver.updateResolution();
      await turn();
      return { probe: opened };
    })();
    expect(probe.calls[0]?.error?.details).toBe(
      `${DOWN}watch() must return a promise, which ends with the watch`,
    );
  });

  test('keeps no process, neither while it runs nor while it waits to begin again', async () => {
    const { watches, channel } = watched();
    const timers = await timersSetBy(async () => {
      channel().resolver.updateResolution();
      await turn();
      watches[0]?.throws('down');
      await turn();
    });
    expect(timers.length).toBeGreaterThan(1);
    expect(keepProcess(timers)).toBe(false);
  });
});

test('an update that closes its client leaves nothing behind, and the watch is over', async () => {
  const server = await startBackend({ name: 'a' });
  const signals: AbortSignal[] = [];
  const closing = defineResolver({
    scheme: 'closing-watch',
    authority: () => 'closing',
    watch: async ({ signal, update }) => {
      signals.push(signal);
      update({ endpoints: [`127.0.0.1:${server.port}`] });
      if (signals.length === 2) client.close();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  });
  closing.register();
  const first = openClient('closing-watch:x');
  await expect(ask(first)).resolves.toBe('a');
  first.close();
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  const client = openClient('closing-watch:x');
  await expect(ask(client)).rejects.toMatchObject({ code: 14 });
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
});
