/** What a polling resolver makes of look-ups that fail, in whole or in part. */
import { describe, expect, it } from 'vitest';
import type { Resolution } from '../../src/index.js';
import { createResolverClass } from '../../src/schemes/define-resolver.js';
import { Probe } from '../support/probe.js';
import { later, scripted, turn, useFakeClock } from '../support/scripted-resolver.js';
import { updatesFromNow } from '../support/update-log.js';

useFakeClock();

describe('failures', () => {
  it('are UNAVAILABLE with the cause before any success, and retried with growing back-off', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
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
    await probe.request();
    for (let attempt = 0; attempt < 20; attempt += 1) {
      lookups[attempt]?.fail('down');
      await later(1250);
    }
    expect(lookups).toHaveLength(21);
  });

  it('after a success keep the last good answer in silence, or with a note when the channel asks', async () => {
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    await probe.request();
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
    await probe.request();
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
    await probe.request();
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
    await probe.request();
    const endpoints = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    lookups[0]?.answerWith({ endpoints, incomplete: true });
    await turn();
    expect(probe.calls).toHaveLength(1);
    expect(updates.filter(({ error }) => error !== undefined)).toEqual([]);
  });

  it('leave the notes of RPCs when they are over, though nothing else changed', async () => {
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    await probe.request();
    lookups[0]?.answer('10.0.0.1');
    await later(100);
    await probe.request();
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
    await probe.request();
    lookups[0]?.answer();
    await later(100);
    await probe.request();
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
    await probe.request();
    lookups[0]?.answerWith(resolution as Resolution);
    await turn();
    expect(probe.calls[0]?.error?.details).toContain(message);
  });

  it('may be anything that is thrown, also what has no text', async () => {
    const textless = createResolverClass({
      scheme: 'textless',
      authority: () => 'textless',
      resolve: () => Promise.reject(Object.create(null)),
    });
    const probe = new Probe(textless, 'textless:x');
    await probe.request();
    await turn();
    expect(probe.calls[0]?.error?.details).toContain('something that has no text');
  });

  it('are told in one line', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.fail('down:\n  since noon\n');
    await turn();
    expect(probe.calls[0]?.error?.details).toBe(
      'Name resolution failed for target scripted:x: down: since noon',
    );
  });

  it('include a resolve that throws, and one that returns nonsense', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answerWith({} as Resolution);
    await turn();
    expect(probe.calls[0]?.error?.code).toBe(14);

    const throwingClass = createResolverClass({
      scheme: 'throwing',
      authority: () => 'throwing',
      resolve: () => {
        throw new Error('thrown, not rejected');
      },
    });
    const throwing = new Probe(throwingClass, 'throwing:x');
    throwing.resolver.updateResolution();
    expect(throwing.calls).toHaveLength(0);
    await turn();
    expect(throwing.calls[0]?.error?.details).toContain('thrown, not rejected');
  });

  it('include a deadline, at which the signal aborts', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
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
    await probe.request();
    lookups[0]?.signal.addEventListener('abort', () => lookups[0]?.answer('10.0.0.1'));
    await later(5010);
    expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual([['10.0.0.1:1']]);
  });

  it('in part deliver what there is, and look again after a back-off', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
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
    await probe.request();
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
