/** `definePolicy` as its users meet it: the README's example, and what happens to policies with bugs. */
import { readFileSync } from 'node:fs';
import { experimental, Metadata, connectivityState as State, setLogger, status } from '@grpc/grpc-js';
import { Backend } from '@petiole/test-kit/backend';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  checkServiceConfig,
  definePolicy,
  type Field,
  failPick,
  integer,
  leastRequest,
  type PolicyDefinition,
  type PolicyView,
  queuePick,
} from '../../src/index.js';
import { TestChannel } from '../support/test-channel.js';
import { byHeader } from './readme-policy.js';

const { CONNECTING, IDLE, READY, TRANSIENT_FAILURE } = State;
const ENDPOINTS = SimulatedChannel.endpoints(3);
const [A, B, C] = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1'] as const;

const logged: string[] = [];
beforeEach(() => {
  logged.length = 0;
  setLogger({ error: (line: string) => logged.push(line) });
});
afterEach(async () => {
  await told();
  setLogger(console);
});

let names = 0;
/** A registered policy of a name of its own; answers with a channel that uses it, with three READY endpoints. */
function openReady(
  definition: Partial<PolicyDefinition<{ a: Field }, undefined, unknown>>,
  config = {},
): SimulatedChannel {
  const name = `policy_${names++}`;
  definePolicy<{ a: Field }, undefined, unknown>({
    name,
    fields: { a: integer() },
    createPicker: () => undefined,
    ...definition,
  }).register();
  const channel = new SimulatedChannel({ [name]: config });
  channel.update(ENDPOINTS);
  channel.all(READY);
  return channel;
}

describe('the policy of the README', () => {
  beforeAll(() => byHeader.register());

  const pickFor = (channel: SimulatedChannel, endpoint: string): experimental.PickResult => {
    const metadata = new Metadata();
    metadata.set('x-endpoint', endpoint);
    return channel.latest.picker.pick({ metadata, extraPickInfo: {} });
  };

  test('stands in the README to the letter, in at most 30 lines', () => {
    const text = readFileSync(new URL('readme-policy.ts', import.meta.url), 'utf8');
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    expect(readme).toContain(`\`\`\`ts\n${text}\`\`\``);
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(30);
  });

  test('routes real RPCs by their metadata', async () => {
    const backends = [await Backend.start(), await Backend.start({ host: '::1' })];
    const channel = new TestChannel({
      endpoints: backends.map((b) => b.endpoint()),
      policy: byHeader(),
    });
    try {
      await channel.untilServedBy(backends.map(({ peer }) => peer));
      for (const { peer } of [...backends, ...backends].reverse()) {
        const metadata = new Metadata();
        metadata.set('x-endpoint', peer);
        expect(await channel.unary({ metadata })).toBe(peer);
      }
      const metadata = new Metadata();
      metadata.set('x-endpoint', '127.0.0.1:1');
      await expect(channel.unary({ metadata })).rejects.toMatchObject({
        code: status.UNAVAILABLE,
        details: 'by_header: there is no endpoint 127.0.0.1:1',
      });
    } finally {
      channel.close();
      for (const backend of backends) backend.kill();
    }
  });

  test('an RPC for an endpoint that connects waits, and fails with its error when that fails', async () => {
    const channel = new SimulatedChannel(byHeader());
    channel.update(ENDPOINTS);
    channel.all(READY);
    channel.subchannel(B).become(IDLE);
    await new Promise((resolve) => process.nextTick(resolve));
    channel.subchannel(B).become(CONNECTING);
    expect(pickFor(channel, B).pickResultType).toBe(experimental.PickResultType.QUEUE);
    const before = channel.publications.length;
    channel.subchannel(B).become(TRANSIENT_FAILURE, 'Error: refused');
    // A waiting RPC is picked again with each publication.
    expect(channel.publications.length).toBe(before + 1);
    expect(pickFor(channel, B).status?.details).toBe(`endpoint ${B}: refused`);
  });

  test('its bad config names field and value', () => {
    expect(() => byHeader({ header: 5 as never })).toThrow('by_header: header must be a string, got 5');
  });
});

describe('aliases', () => {
  test('register the same policy under further names, for service configs of other languages', () => {
    const policy = definePolicy({
      name: 'policy_of_two_names',
      aliases: ['policy_of_two_names_experimental'],
      createPicker: () => undefined,
    });
    policy.register();
    policy.register();
    for (const name of ['policy_of_two_names', 'policy_of_two_names_experimental']) {
      const parsed = experimental.parseLoadBalancingConfig({ [name]: {} });
      expect(parsed.getLoadBalancerName()).toBe('policy_of_two_names');
    }
  });

  test('of least_request are those of gRFC A48 and grpc-go', () => {
    leastRequest.register();
    const list = [{ least_request_experimental: { choiceCount: 3 } }];
    expect(checkServiceConfig({ loadBalancingConfig: list })).toEqual([]);
    expect(
      checkServiceConfig({ loadBalancingConfig: [{ least_request_experimental: { choiceCount: 1 } }] }),
    ).toMatchObject([
      {
        path: 'loadBalancingConfig[0].least_request_experimental.choiceCount',
        outcome: 'fails',
        severity: 'error',
      },
    ]);
  });

  test('must be names', () => {
    expect(() =>
      definePolicy({ name: 'odd_alias', aliases: ['Odd'], createPicker: () => undefined }),
    ).toThrow(
      'definePolicy: aliases of odd_alias must be an array of names in lower_snake_case, got ["Odd"]',
    );
  });
});

describe('createPicker', () => {
  test('is called once per change of the READY set, of the list or of the config, with what is current', async () => {
    const seen: string[] = [];
    const name = `policy_${names++}`;
    definePolicy({
      name,
      fields: { a: integer() },
      createPicker: (ready, { config, endpoints, readyCount }) => {
        const states = endpoints.map(({ index, state }) => `${index}${state[0]}`).join(' ');
        expect(ready).toEqual(endpoints.filter(({ state }) => state === 'READY'));
        seen.push(`${states} ${readyCount} ${JSON.stringify(config)}`);
        return undefined;
      },
    }).register();
    const channel = new SimulatedChannel({ [name]: { a: 1 } });
    channel.update(ENDPOINTS);
    channel.all(READY);
    expect(seen).toEqual([
      '0C 1C 2C 0 {"a":1}',
      '0R 1C 2C 1 {"a":1}',
      '0R 1R 2C 2 {"a":1}',
      '0R 1R 2R 3 {"a":1}',
    ]);
    seen.length = 0;
    channel.update(ENDPOINTS);
    channel.update(ENDPOINTS, { policy: { [name]: { a: 1, unknown: 2 } } });
    expect(seen).toEqual([]);
    const policy = { [name]: { a: 2 } };
    channel.update(ENDPOINTS, { policy });
    channel.update(ENDPOINTS.slice(1), { policy });
    channel.subchannel(B).become(IDLE);
    await new Promise((resolve) => process.nextTick(resolve));
    channel.subchannel(B).become(CONNECTING);
    channel.subchannel(B).become(TRANSIENT_FAILURE);
    expect(seen).toEqual(['0R 1R 2R 3 {"a":2}', '0R 1R 2 {"a":2}', '0I 1R 1 {"a":2}']);
  });

  test('is called again for an endpoint that has gained an address', () => {
    const seen: string[] = [];
    const channel = openReady({
      createPicker: (_, { endpoints }) =>
        void seen.push(endpoints.flatMap(({ addresses }) => addresses).join()),
    });
    channel.update([...ENDPOINTS.slice(0, 2), SimulatedChannel.endpoint(C, '10.0.0.9:1')]);
    expect(seen.at(-1)).toBe(`${A},${B},${C},10.0.0.9:1`);
  });

  test('what it returned is published once more when an endpoint changes its state, where RPCs wait on it', async () => {
    const publications: number[] = [];
    let channel: SimulatedChannel | undefined;
    let second: { readonly pickResult: experimental.PickResult } | undefined;
    const picker: experimental.Picker = { pick: () => second?.pickResult ?? failPick('nobody') };
    channel = openReady({
      createPicker: (_, { endpoints }) => {
        second = endpoints[1];
        return picker;
      },
    });
    const publishedBy = (change: () => void): void => {
      const before = channel.publications.length;
      change();
      publications.push(channel.publications.length - before);
    };
    publishedBy(() => channel.subchannel(B).become(IDLE));
    await new Promise((resolve) => process.nextTick(resolve));
    channel.subchannel(B).become(CONNECTING);
    expect(channel.pick()).toBe('QUEUE');
    publishedBy(() => channel.subchannel(B).become(TRANSIENT_FAILURE));
    publishedBy(() => channel.subchannel(B).become(CONNECTING));
    expect(publications).toEqual([1, 1, 0]);
  });

  test('its time begins with the first endpoints, not with an empty list', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const name = `policy_${names++}`;
    const seen: number[] = [];
    definePolicy({
      name,
      createPicker: (_, { elapsedMs, wakeAfter }) => {
        seen.push(elapsedMs);
        wakeAfter(300);
        return undefined;
      },
    }).register();
    const channel = new SimulatedChannel({ [name]: {} });
    channel.update([]);
    vi.advanceTimersByTime(300);
    channel.update([{ addresses: [] }]);
    vi.advanceTimersByTime(300);
    channel.update(ENDPOINTS);
    expect(seen.at(-1)).toBe(0);
    vi.advanceTimersByTime(300);
    expect(seen.at(-1)).toBe(300);
  });

  test('is not called after the end, whoever still holds its view', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let calls = 0;
    let view: PolicyView<unknown, undefined, unknown> | undefined;
    const channel = openReady({
      createPicker: (_, current) => {
        calls++;
        view = current;
      },
    });
    channel.policy.destroy();
    const before = calls;
    view?.wakeAfter(10);
    vi.advanceTimersByTime(60_000);
    expect(calls).toBe(before);
  });

  test('is not called while waits() is true, whatever becomes READY', () => {
    const asked: string[] = [];
    const channel = openReady({
      waits: ({ readyCount, endpoints }) => {
        asked.push(`waits ${readyCount}`);
        return readyCount < endpoints.length;
      },
      createPicker(ready) {
        asked.push(`createPicker ${ready.length}`);
        return { pick: () => ready[0]?.pickResult ?? queuePick() };
      },
    });
    expect(asked).toEqual(['waits 0', 'waits 1', 'waits 2', 'waits 3', 'createPicker 3']);
    expect(channel.publications.map(({ state }) => state)).toEqual([CONNECTING, READY]);
    channel.subchannel(B).become(IDLE);
    expect(channel.state).toBe('CONNECTING');
  });

  test('without a picker the policy is CONNECTING, or in TRANSIENT_FAILURE if all endpoints are', () => {
    const channel = openReady({});
    expect(channel.state).toBe('CONNECTING');
  });

  test('wakes when it asked to, at the earliest time that it asked for, and once', () => {
    vi.useFakeTimers();
    try {
      let calls = 0;
      const channel = openReady({
        createPicker: (_, { wakeAfter, elapsedMs }) => {
          calls++;
          if (elapsedMs < 1000) wakeAfter(1000 - elapsedMs);
          wakeAfter(5000);
          return undefined;
        },
      });
      const before = calls;
      vi.advanceTimersByTime(1001);
      expect(calls).toBe(before + 1);
      channel.policy.destroy();
      vi.advanceTimersByTime(60_000);
      expect(calls).toBe(before + 1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('memory belongs to one policy instance, data to one endpoint for as long as it is listed', () => {
    const name = `policy_${names++}`;
    const memories: { updates: number }[] = [];
    let made = 0;
    definePolicy({
      name,
      createMemory: () => ({ updates: 0 }),
      createData: () => ({ id: made++ }),
      createPicker: (_, { memory, endpoints }) => {
        memory.updates++;
        if (!memories.includes(memory)) memories.push(memory);
        const ids = endpoints.map(({ data }) => data.id).join();
        return { pick: () => failPick(ids) };
      },
    }).register();
    const [one, two] = [new SimulatedChannel({ [name]: {} }), new SimulatedChannel({ [name]: {} })];
    one.update(ENDPOINTS);
    one.update([...ENDPOINTS].reverse());
    expect(one.pick()).toBe('2,1,0');
    two.update(ENDPOINTS);
    expect(two.pick()).toBe('3,4,5');
    one.update(ENDPOINTS.slice(0, 1));
    one.update(ENDPOINTS);
    expect(one.pick()).toBe('0,6,7');
    expect(memories).toHaveLength(2);
  });
});

describe('bugs of a policy end no process:', () => {
  test('a createPicker that throws fails RPCs with its error, which is logged', async () => {
    const channel = openReady({
      createPicker: () => {
        throw new Error('off by one');
      },
    });
    expect(channel.pick()).toMatch(/^policy_\d+: its createPicker threw Error: off by one$/);
    await told();
    expect(logged[0]).toMatch(/its createPicker threw Error: off by one\n +at /);
  });

  test('a waits() that throws fails RPCs with its error', () => {
    const channel = openReady({
      waits: () => {
        throw new Error('for nobody');
      },
    });
    expect(channel.pick()).toMatch(/^policy_\d+: its waits threw Error: for nobody$/);
  });

  test('a picker that throws fails its RPC', () => {
    const channel = openReady({
      createPicker: () => ({
        pick: () => {
          throw new Error('no such header');
        },
      }),
    });
    expect(channel.pick()).toMatch(/its picker threw Error: no such header/);
  });

  test.each([undefined, null, true, { name: 'an endpoint' }])(
    'a picker that returns %j fails its RPC, however well it did before',
    async (result) => {
      let picks = 0;
      const channel = openReady({
        createPicker: (_, { endpoints: [first] }) => ({
          pick: () => (picks++ === 0 ? (first?.pickResult ?? queuePick()) : (result as never)),
        }),
      });
      expect(channel.pick()).toBe(A);
      expect(channel.pick()).toMatch(
        /its picker threw TypeError: pick\(\) must return an endpoint's pickResult, queuePick\(\) or failPick\(\), got /,
      );
      await told();
      expect(logged[0]).toContain('pick() must return');
    },
  );

  test.each([
    { pickResultType: 0, subchannel: null },
    { pickResultType: 0, subchannel: { name: 'an endpoint' } },
    { pickResultType: 2 },
    { pickResultType: 3, status: null },
    { pickResultType: 7 },
    { pickResultType: Number.NaN },
    Object.create(null),
  ])('a picker that returns %o, a pick result in half, fails its RPC', (result) => {
    const channel = openReady({ createPicker: () => ({ pick: () => result as never }) });
    expect(channel.pick()).toContain(
      "pick() must return an endpoint's pickResult, queuePick() or failPick(), got an object (",
    );
  });

  test('hooks that a picker adds to a pick result run, and are logged when they throw', async () => {
    const ran: string[] = [];
    const channel = openReady({
      createPicker: (ready) => {
        const [first] = ready;
        const hook = (name: string) => (): void => {
          ran.push(name);
          throw new Error(name);
        };
        return (
          first && {
            pick: () => ({ ...first.pickResult, onCallStarted: hook('started'), onCallEnded: hook('ended') }),
          }
        );
      },
    });
    const result = channel.latest.picker.pick({ metadata: new Metadata(), extraPickInfo: {} });
    result.onCallStarted?.();
    result.onCallEnded?.(status.OK, '', new Metadata());
    expect(result.subchannel?.getAddress()).toBe(A);
    expect(ran).toEqual(['started', 'ended']);
    await told();
    expect(logged).toHaveLength(2);
  });

  test.each([null, false, 0, '', {}])(
    'a createPicker that returns %j fails RPCs, and says what it must return',
    (answer) => {
      const channel = openReady({ createPicker: () => answer as never });
      expect(channel.state).toBe('TRANSIENT_FAILURE');
      expect(channel.pick()).toContain(
        `its createPicker threw TypeError: createPicker() must return a picker or undefined, got ${typeof answer === 'object' && answer ? 'an object (Object)' : JSON.stringify(answer)}`,
      );
    },
  );

  test('an endpoint in the place of a picker or a pick result is told from both', () => {
    const first = ([endpoint]: readonly unknown[]): never => endpoint as never;
    const hint = 'got an endpoint: its pickResult is meant';
    expect(openReady({ createPicker: first }).pick()).toContain(hint);
    expect(openReady({ createPicker: (ready) => ({ pick: () => first(ready) }) }).pick()).toContain(hint);
  });

  test('async functions fail RPCs, and what they reject with ends nothing', async () => {
    const rejects = (): never => Promise.reject(new Error('too late')) as never;
    expect(openReady({ createPicker: rejects }).pick()).toContain(
      'must return a picker or undefined, got an object (Promise)',
    );
    expect(openReady({ check: rejects }).pick()).toMatch(
      /^policy_\d+: check must say at once what is wrong, got a promise$/,
    );
    await new Promise(setImmediate);
  });

  test.each([Symbol('s'), Object.create(null), undefined])(
    'whatever is thrown is survived, such as %o',
    (thrown) => {
      const throws = (): never => {
        throw thrown;
      };
      expect(openReady({ createPicker: throws }).pick()).toContain('its createPicker threw ');
      expect(openReady({ createPicker: () => ({ pick: throws }) }).pick()).toContain('its picker threw ');
      expect(openReady({ check: throws }).state).toBe('TRANSIENT_FAILURE');
    },
  );

  test('a bug that comes with each RPC is logged once', async () => {
    const channel = openReady({
      createPicker: () => ({
        pick: () => {
          throw new Error('no such header');
        },
      }),
    });
    channel.picks(100);
    await told();
    expect(logged).toHaveLength(1);
  });

  test('an RPC that waits for ready is picked again after its pick has thrown, also by the same picker', () => {
    let broken = true;
    const picker: experimental.Picker = {
      pick: () => {
        if (broken) throw new Error('not yet');
        return queuePick();
      },
    };
    const channel = openReady({ createPicker: () => picker });
    channel.pick();
    broken = false;
    const before = channel.publications.length;
    channel.subchannel(B).become(TRANSIENT_FAILURE);
    expect(channel.publications.length).toBeGreaterThan(before);
  });

  test.each([Number.NaN, -1, Number.NEGATIVE_INFINITY, undefined, null, '5', {}])(
    'wakeAfter(%o) is an error: it would wake at once, again and again',
    (ms) => {
      const channel = openReady({
        createPicker: (_, { wakeAfter }) => {
          wakeAfter(ms as never);
          return undefined;
        },
      });
      expect(channel.pick()).toContain('RangeError: wakeAfter() must be given 0 or more milliseconds, got ');
    },
  );

  test('a picker for no endpoints is not published: RPCs would wait where they ought to fail', () => {
    const channel = openReady({ createPicker: () => ({ pick: () => queuePick() }) });
    channel.update([]);
    channel.update([]);
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    expect(channel.pick()).toContain('the resolver returned no endpoints');
  });

  test.each(['onCallStarted', 'onCallEnded', 'createData'] as const)(
    'a %s that throws is logged',
    async (hook) => {
      const channel = openReady({
        [hook]: () => {
          throw new Error('hook');
        },
        createPicker: (ready) => {
          const [first] = ready;
          return first && { pick: () => first.pickResult };
        },
      });
      const result = channel.latest.picker.pick({ metadata: new Metadata(), extraPickInfo: {} });
      result.onCallStarted?.();
      result.onCallEnded?.(status.OK, '', new Metadata());
      expect(result.subchannel?.getAddress()).toBe(A);
      await told();
      expect(logged.join()).toContain(`its ${hook} threw Error: hook`);
      expect(C).toBe('10.0.0.2:1');
    },
  );

  test('a check that throws something else than an Error is a config error all the same', () => {
    const channel = openReady({
      check: () => {
        throw 'just a string';
      },
    });
    expect(channel.pick()).toMatch(/^policy_\d+: just a string$/);
  });
});

describe('definitions', () => {
  test('may be instances of a class, whose methods find it', () => {
    class Definition {
      readonly name = `policy_${names++}`;
      private readonly details = 'of this instance';
      check(): void {
        expect(this.details).toBe('of this instance');
      }
      createPicker(): experimental.Picker {
        return { pick: () => failPick(this.details) };
      }
    }
    const policy = definePolicy(new Definition());
    policy.register();
    const channel = new SimulatedChannel(policy());
    channel.update(ENDPOINTS);
    expect(channel.pick()).toBe('of this instance');
  });

  test.each(['', 'Custom', 'with-dash', '1st', 'a b'])('the name %j is refused', (name) => {
    expect(() => definePolicy({ name, createPicker: () => undefined })).toThrow(
      `definePolicy: name must be in lower_snake_case, got ${JSON.stringify(name)}`,
    );
  });

  test.each([
    [undefined, 'must be given an object with name and createPicker, got undefined'],
    [{ name: 'half' }, 'createPicker of half must be a function, got undefined'],
    [{ name: 'half', createPicker: 5 }, 'createPicker of half must be a function, got 5'],
    [
      { name: 'half', fields: { a: 'integer' }, createPicker: String },
      'fields of half must be an object of integer(), string() and so on, got {"a":"integer"}',
    ],
    [
      { name: 'half', createPicker: String, createMemory: 5 },
      'createMemory of half must be a function or absent, got 5',
    ],
  ])('%j is refused', (definition, message) => {
    expect(() => definePolicy(definition as never)).toThrow(`definePolicy: ${message}`);
  });
});
