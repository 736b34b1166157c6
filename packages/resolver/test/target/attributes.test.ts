/** What resolvers tell policies of an endpoint beside its addresses. */
import { attributesOf } from '@petiole/service-config/internal';
import { openClient, ROUND_ROBIN } from '@petiole/test-kit/clients';
import { ask } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { told } from '@petiole/test-kit/told';
import '../../src/register.js';
import { describe, expect, test, vi } from 'vitest';
import {
  createManualResolver,
  type EndpointAttributes,
  type EndpointInput,
  parseTarget,
  staticTarget,
} from '../../src/index.js';
import { manualResolverClass } from '../../src/schemes/manual.js';
import { createStaticResolverClass } from '../../src/schemes/static.js';
import { type ListenerCall, Probe } from '../support/probe.js';
import { later, scripted, turn, useFakeClock } from '../support/scripted-resolver.js';
import { updatesFromNow } from '../support/update-log.js';

const attributes = ({ raw }: ListenerCall): EndpointAttributes[] => (raw ?? []).map(attributesOf);
const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
const one = (given: object): EndpointInput => ({ addresses: ['10.0.0.1:1'], attributes: given as never });

describe('attributes that a program gives', () => {
  test('reach each channel, frozen, and share nothing with what was given', async () => {
    const hints = ['b', 'c'];
    const manual = createManualResolver({
      endpoints: [one({ zone: 'a', weight: 3, hints, node: null, note: undefined }), '10.0.0.2:1'],
    });
    hints.pop();
    const [first] = attributes(await new Probe(manualResolverClass, manual.target).ask());
    expect(first).toEqual({ zone: 'a', weight: 3, hints: ['b', 'c'] });
    expect(Object.isFrozen(first) && Object.isFrozen(first?.hints)).toBe(true);
    manual.update({ endpoints: ['10.0.0.1:1'] });
    expect(attributes(await new Probe(manualResolverClass, manual.target).ask())).toEqual([{}]);
  });

  test.each([
    [{ weight: 0 }, 'attributes.weight must be an integer from 1 to 4294967295, got 0'],
    [{ weight: 2 ** 32 }, 'attributes.weight must be an integer from 1 to 4294967295, got 4294967296'],
    [{ weight: '5' }, 'attributes.weight must be an integer from 1 to 4294967295, got "5"'],
    [{ priority: -1 }, 'attributes.priority must be an integer from 0 to 4294967295, got -1'],
    [{ priority: 0.5 }, 'attributes.priority must be an integer from 0 to 4294967295, got 0.5'],
    [{ zone: '' }, 'attributes.zone must be a string of 1 to 256 characters, got ""'],
    [{ hashKey: 7 }, 'attributes.hashKey must be a string of 1 to 256 characters, got 7'],
    [{ hashKey: 'x'.repeat(257) }, 'attributes.hashKey must be a string of 1 to 256 characters, got "xxx'],
    [{ call: () => 1 }, 'attributes.call must be JSON, at most 32 levels deep, got a function'],
    [{ rtt: Number.NaN }, 'attributes.rtt must be JSON, at most 32 levels deep, got NaN'],
    [
      { load: { of: 'x'.repeat(5000) } },
      'attributes must be at most 4096 characters, names and values, got 5013',
    ],
    [{ deep: deep(33) }, 'attributes.deep must be JSON, at most 32 levels deep, got [[[['],
    [
      { nested: { of: [undefined] } },
      'attributes.nested must be JSON, at most 32 levels deep, got {"of":[null]}',
    ],
    [{ load: 'x'.repeat(5000) }, 'attributes must be at most 4096 characters, names and values, got 5004'],
    [['a'], 'attributes must be an object, got ["a"]'],
    ['a', 'attributes must be an object, got "a"'],
  ])('as %o are refused', (given, message) => {
    const manual = createManualResolver();
    expect(() => manual.update({ endpoints: ['10.0.0.9:1', one(given as object)] })).toThrow(
      `endpoints[1]: ${message}`,
    );
  });

  test('are no part of a static: target, whose resolver can be told of them', async () => {
    expect(() => staticTarget([one({ zone: 'a' })])).toThrow(
      'staticTarget: a static: target cannot hold attributes, as 10.0.0.1:1 has',
    );
    const known = [
      { addresses: ['10.0.0.2:1', '[::2]:1'], attributes: { zone: 'b', weight: 2 } },
      { addresses: ['echo-3:1'], attributes: { zone: 'c' } },
    ];
    const resolverClass = createStaticResolverClass({ endpoints: known }, async () => ['10.0.0.3']);
    const literal = await new Probe(resolverClass, 'static:10.0.0.1:1,[::2]:1+10.0.0.2:1').ask();
    expect(literal.endpoints).toEqual(['10.0.0.1:1', '[::2]:1+10.0.0.2:1']);
    expect(attributes(literal)).toEqual([{}, { zone: 'b', weight: 2 }]);
    const named = await new Probe(resolverClass, 'static:echo-3:1,10.0.0.2:1').ask();
    expect(named.endpoints).toEqual(['10.0.0.3:1', '10.0.0.2:1']);
    expect(attributes(named)).toEqual([{ zone: 'c' }, {}]);
    expect(() => createStaticResolverClass({ endpoints: [one({ weight: 0 })] })).toThrow(
      'endpoints[0]: attributes.weight must be',
    );
    expect(parseTarget('static:10.0.0.2:1')).toMatchObject({ endpoints: [{ addresses: [{ port: 1 }] }] });
  });

  test('that change replace no connection', async () => {
    const server = await startBackend({ name: 'a' });
    const endpoint = (weight: number): EndpointInput => ({
      addresses: [`127.0.0.1:${server.port}`],
      attributes: { weight },
    });
    const manual = createManualResolver({ endpoints: [endpoint(1)] });
    const client = openClient(manual.target, ROUND_ROBIN);
    for (const weight of [2, 3, 4]) {
      await ask(client);
      manual.update({ endpoints: [endpoint(weight)] });
    }
    await ask(client);
    expect(server.connections).toBe(1);
  });
});

describe('attributes that a catalogue gives', () => {
  useFakeClock();

  test('are news, also when nothing else has changed, and the order of the addresses is not', async () => {
    const updates = updatesFromNow();
    const { probe, lookups } = scripted();
    const answer = async (endpoints: readonly EndpointInput[]): Promise<void> => {
      lookups.at(-1)?.answerWith({ endpoints });
      await later(30_001);
    };
    await probe.request();
    await answer([{ addresses: ['10.0.0.1:1', '[::1]:1'], attributes: { zone: 'a', weight: 1 } }]);
    await answer([{ addresses: ['[::1]:1', '10.0.0.1:1'], attributes: { weight: 1, zone: 'a' } }]);
    expect(probe.calls).toHaveLength(1);
    await answer([{ addresses: ['[::1]:1', '10.0.0.1:1'], attributes: { weight: 2, zone: 'a' } }]);
    expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual(Array(2).fill(['10.0.0.1:1+[::1]:1']));
    expect(probe.calls.map(attributes)).toEqual([[{ zone: 'a', weight: 1 }], [{ zone: 'a', weight: 2 }]]);
    await answer([{ addresses: ['10.0.0.1:1', '[::1]:1'] }]);
    expect(attributes(probe.calls[2] ?? expect.unreachable())).toEqual([{}]);
    vi.useRealTimers();
    await told();
    const changed = ['10.0.0.1:1+[::1]:1'];
    expect(updates.slice(1).map(({ added, removed, changed }) => ({ added, removed, changed }))).toEqual(
      Array(2).fill({ added: [], removed: [], changed }),
    );
  });

  test('cost an endpoint when they are bad, and the answer names them', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answerWith({ endpoints: [one({ weight: 0 }), '10.0.0.2:1'] });
    await turn();
    expect(probe.calls[0]?.endpoints).toEqual(['10.0.0.2:1']);
    expect(probe.calls[0]?.note).toBe(
      'endpoints[0]: attributes.weight must be an integer from 1 to 4294967295, got 0',
    );
  });

  test('cost an endpoint when they are nested without end, and no other', async () => {
    const { probe, lookups } = scripted();
    const depths = [32, 33, 1000, 2000, 3000, 4000, 100_000];
    await probe.request();
    lookups[0]?.answerWith({
      endpoints: depths.map((levels, index) => ({
        addresses: [`10.0.0.${index}:1`],
        attributes: { load: deep(levels) },
      })),
    });
    await turn();
    expect(probe.calls[0]?.endpoints).toEqual(['10.0.0.0:1']);
    expect(probe.calls[0]?.note).toContain(
      'endpoints[6]: attributes.load must be JSON, at most 32 levels deep, got',
    );
  });

  test('stay with the endpoints of an earlier answer that are handed over again', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answerWith({ endpoints: [one({ zone: 'a' })] });
    await later(31_000);
    const { previous } = lookups[1] ?? expect.unreachable();
    lookups[1]?.answerWith({ endpoints: [...(previous ?? []), '10.0.0.2:1'] });
    await turn();
    expect(attributes(probe.calls[1] ?? expect.unreachable())).toEqual([{ zone: 'a' }, {}]);
  });
});
