/** Which endpoints a policy connects to, and when: `select` and `connect`. */
import { experimental, type LoadBalancingConfig, connectivityState as State, setLogger } from '@grpc/grpc-js';
import { startFleet } from '@petiole/test-kit/servers';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  definePolicy,
  type EndpointState,
  integer,
  type PolicyEndpoint,
  type PolicyView,
  queuePick,
} from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';

const { CONNECTING, IDLE, READY, TRANSIENT_FAILURE } = State;
const ENDPOINTS = SimulatedChannel.endpoints(3);
const [A, B, C] = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1'] as const;
type Endpoint = PolicyEndpoint<{ readonly id: number }>;

let chosen: (all: readonly Endpoint[]) => readonly Endpoint[] = (all) => all;
let view: PolicyView<unknown, undefined, Endpoint['data']> | undefined;
let made = 0;
let said: () => EndpointState = () => 'IDLE';

const chooses = definePolicy({
  name: 'chooses',
  createData: () => ({ id: made++ }),
  select(current) {
    view = current;
    return chosen(current.endpoints);
  },
  createPicker: ([first]) => first && { pick: () => first.pickResult },
});

beforeAll(() => {
  chooses.register();
  definePolicy({
    name: 'first_group_that_lives',
    select({ endpoints }) {
      const end = endpoints.findIndex(({ state }) => state !== 'TRANSIENT_FAILURE');
      return endpoints.slice(0, end + 1 || endpoints.length);
    },
    createPicker: ([first]) => first && { pick: () => first.pickResult },
  }).register();
  definePolicy({
    name: 'first_ones',
    fields: { size: integer({ min: 1, default: 1 }) },
    select: ({ endpoints, config }) => endpoints.slice(0, config.size),
    createPicker: ([first]) => first && { pick: () => first.pickResult },
  }).register();
  definePolicy({
    name: 'says_its_state',
    connect: 'when asked',
    state: () => said(),
    createPicker: (_, { endpoints: [first] }) => ({
      pick() {
        first?.connect();
        return first?.pickResult ?? queuePick();
      },
    }),
  }).register();
  definePolicy({
    name: 'connects_when_picked',
    connect: 'when asked',
    createPicker: (_, { endpoints }) => ({
      pick({ metadata }) {
        const endpoint = endpoints[Number(metadata.get('place')[0] ?? 0)];
        if (endpoint?.state === 'IDLE') endpoint.connect();
        return endpoint?.pickResult ?? queuePick();
      },
    }),
  }).register();
});
beforeEach(() => {
  said = () => 'IDLE';
  chosen = (all) => all;
  made = 0;
});

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const refs = (channel: SimulatedChannel): number[] => [A, B, C].map((each) => channel.subchannel(each).refs);

function open(policy: string): SimulatedChannel {
  const channel = new SimulatedChannel({ [policy]: {} });
  channel.update(ENDPOINTS);
  return channel;
}

describe('select', () => {
  test('connects to the endpoints that it returns only; the others stay listed, IDLE', () => {
    chosen = (all) => all.slice(1);
    const channel = open('chooses');
    channel.all(READY);
    expect(refs(channel)).toEqual([0, 1, 1]);
    expect(view?.endpoints.map(({ state }) => state)).toEqual(['IDLE', 'READY', 'READY']);
    expect(channel.pick()).toBe(B);
  });

  test('an endpoint that leaves the selection is disconnected, keeps its data, and connects when it is back', async () => {
    const log = EventLog.start();
    const channel = open('chooses');
    channel.all(READY);
    const { reresolutions } = channel;
    chosen = ([, ...rest]) => rest;
    view?.wake();
    await nextTurn();
    expect(refs(channel)).toEqual([0, 1, 1]);
    expect(channel.pick()).toBe(B);
    expect(view?.endpoints[0]).toMatchObject({ state: 'IDLE', data: { id: 0 } });
    expect(log.lines(A).at(-1)).toBe('state READY -> IDLE: no longer selected by the policy');
    expect(channel.reresolutions).toBe(reresolutions);
    chosen = (all) => all;
    view?.wake();
    await nextTurn();
    expect(channel.pick()).toBe(A);
    expect(view?.endpoints[0]).toMatchObject({ state: 'READY', data: { id: 0 } });
  });

  test('is asked when an endpoint changes its state: the next group is added when the one before has failed', () => {
    const channel = open('first_group_that_lives');
    expect(refs(channel)).toEqual([1, 0, 0]);
    channel.subchannel(A).become(TRANSIENT_FAILURE, 'refused');
    expect(refs(channel)).toEqual([1, 1, 0]);
    expect(channel.state).toBe('CONNECTING');
    channel.subchannel(B).become(READY);
    expect(channel.pick()).toBe(B);
    channel.subchannel(A).become(READY);
    expect(channel.pick()).toBe(A);
    expect(refs(channel)).toEqual([1, 0, 0]);
  });

  test('is asked with a new config that comes with an error of the resolver', () => {
    const few = (size: number): LoadBalancingConfig => ({ first_ones: { size } });
    const channel = new SimulatedChannel(few(1));
    channel.update(ENDPOINTS);
    expect(refs(channel)).toEqual([1, 0, 0]);
    const failure = experimental.statusOrFromError<experimental.Endpoint[]>({ code: 14, details: 'no name' });
    channel.policy.updateAddressList(failure, experimental.parseLoadBalancingConfig(few(2)), {}, '');
    expect(refs(channel)).toEqual([1, 1, 0]);
  });

  test('is asked again within an update where what it has chosen turns out to have failed already', () => {
    const channel = new SimulatedChannel({ first_group_that_lives: {} });
    for (const address of [A, B]) channel.subchannel(address).become(TRANSIENT_FAILURE, 'refused');
    channel.update(ENDPOINTS);
    expect(refs(channel)).toEqual([1, 1, 1]);
    expect(channel.publications.map(({ state }) => state)).toEqual([CONNECTING]);
  });

  test('the policy is in TRANSIENT_FAILURE when all that are selected have failed, and names those', () => {
    chosen = (all) => all.slice(0, 2);
    const channel = open('chooses');
    channel.subchannel(A).become(TRANSIENT_FAILURE, 'Error: refused');
    expect(channel.state).toBe('CONNECTING');
    channel.subchannel(B).become(TRANSIENT_FAILURE, 'Error: refused');
    expect(channel.pick()).toBe(
      `chooses: all 2 endpoints selected of 3 failed: ${A}: refused; ${B}: refused`,
    );
  });

  test('one that is never content does not end in a circle', async () => {
    let calls = 0;
    chosen = (all) => all.slice(calls % 2, (calls++ % 2) + 1);
    const channel = open('chooses');
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    expect(calls).toBeLessThan(20);
    expect(refs(channel).reduce((sum, each) => sum + each)).toBe(1);
  });

  test('finds the one group that lives behind any number that have failed already, a few in each turn', async () => {
    const channel = new SimulatedChannel({ first_group_that_lives: {} });
    const endpoints = SimulatedChannel.endpoints(35);
    for (let i = 0; i < 34; i++) channel.subchannel(`10.0.0.${i}:1`).become(TRANSIENT_FAILURE, 'refused');
    channel.subchannel('10.0.0.34:1').become(READY);
    channel.update(endpoints);
    expect([channel.subchannel('10.0.0.20:1').refs, channel.pick()]).toEqual([0, 'QUEUE']);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    expect(channel.pick()).toBe('10.0.0.34:1');
  });

  test('nothing waits for the next turn once the channel is closed', () => {
    const waiting = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Immediate').length;
    const before = waiting();
    const channel = new SimulatedChannel({ first_group_that_lives: {} });
    for (let i = 0; i < 34; i++) channel.subchannel(`10.0.0.${i}:1`).become(TRANSIENT_FAILURE, 'refused');
    channel.update(SimulatedChannel.endpoints(35));
    expect(waiting()).toBeGreaterThan(before);
    channel.policy.destroy();
    expect([channel.refs, waiting()]).toEqual([0, before]);
  });

  test.each([
    ['nothing', undefined],
    ['what is no endpoint', [{ index: 0, name: A }]],
  ])('one that returns %s keeps what was selected before', (_, answer) => {
    chosen = (all) => all.slice(1);
    const channel = open('chooses');
    channel.all(READY);
    chosen = () => answer as never;
    channel.update(ENDPOINTS);
    expect(refs(channel)).toEqual([0, 1, 1]);
    expect(channel.pick()).toBe(B);
  });

  test('an RPC on an endpoint that leaves the selection goes on to its end', async () => {
    const backends = await startFleet(2);
    const channel = openChannel({ endpoints: backends.map((each) => each.endpoint()), policy: chooses() });
    await channel.unary();
    const stream = channel.bidi();
    const echo = async (text: string): Promise<string> => {
      const answer = new Promise((resolve) => stream.once('data', resolve));
      stream.write(Buffer.from(text));
      return String(await answer);
    };
    expect(await echo('before')).toBe('before');
    chosen = ([, second]) => (second ? [second] : []);
    view?.wake();
    await channel.untilServedBy([backends[1]?.peer ?? '']);
    expect(await channel.unary()).toBe(backends[1]?.peer);
    expect(stream.getPeer()).toBe(backends[0]?.peer);
    expect(await echo('after')).toBe('after');
    stream.end();
    await new Promise((resolve) => stream.on('status', resolve).resume());
  });
});

describe("connect: 'when asked'", () => {
  const pickAt = (channel: SimulatedChannel, place: number): string => {
    const args = rpc();
    args.metadata = args.metadata.clone();
    args.metadata.set('place', `${place}`);
    return channel.pick(args);
  };

  test('an endpoint connects when a pick asks it to, in the next tick, and the policy says the best of its states', async () => {
    const channel = open('connects_when_picked');
    expect(channel.state).toBe('IDLE');
    expect(channel.created).toBe(0);
    for (let i = 0; i < 100; i++) expect(pickAt(channel, 1)).toBe('QUEUE');
    expect(channel.created).toBe(0);
    await told();
    expect([channel.created, channel.state]).toEqual([1, 'CONNECTING']);
    channel.subchannel(B).become(READY);
    expect([channel.state, pickAt(channel, 1)]).toEqual(['READY', B]);
    expect(refs(channel)).toEqual([0, 1, 0]);
  });

  test('an endpoint that has lost its connection waits until it is asked again', async () => {
    const channel = open('connects_when_picked');
    pickAt(channel, 0);
    await told();
    channel.subchannel(A).become(READY);
    const { created } = channel;
    channel.subchannel(A).become(IDLE);
    await nextTurn();
    expect([channel.state, channel.created]).toEqual(['IDLE', created]);
    pickAt(channel, 0);
    await told();
    expect([channel.state, channel.created]).toEqual(['CONNECTING', created + 1]);
  });

  test('TRANSIENT_FAILURE is published when all have failed, and not while one is IDLE', async () => {
    const channel = open('connects_when_picked');
    for (const [place, address] of [A, B, C].entries()) {
      expect(channel.state).not.toBe('TRANSIENT_FAILURE');
      pickAt(channel, place);
      await told();
      channel.subchannel(address).become(TRANSIENT_FAILURE, 'refused');
    }
    expect(channel.state).toBe('TRANSIENT_FAILURE');
  });

  test('the picker is published with the state that the policy says, asked at each change of one', async () => {
    const channel = open('says_its_state');
    said = () => 'TRANSIENT_FAILURE';
    channel.pick();
    await told();
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    said = () => 'READY';
    channel.subchannel(A).become(TRANSIENT_FAILURE, 'refused');
    expect(channel.state).toBe('READY');
    expect(channel.pick()).toBe(`endpoint ${A}: refused`);
  });

  test.each([
    ['says nothing', () => undefined],
    [
      'throws',
      () => {
        throw new Error('no idea');
      },
    ],
  ])('a policy whose state() %s has the best state of any endpoint, and is told', async (_, answer) => {
    const lines: string[] = [];
    setLogger({ error: (line: string) => lines.push(line) });
    onTestFinished(() => setLogger(console));
    said = answer as never;
    expect(open('says_its_state').state).toBe('IDLE');
    await told();
    expect(lines.join()).toContain('says_its_state: its state threw');
  });

  test('RPCs connect over real sockets, to the server that they want only', async () => {
    const backends = await startFleet(2);
    const channel = openChannel({
      endpoints: backends.map((each) => each.endpoint()),
      policy: { connects_when_picked: {} },
    });
    expect(await channel.unary()).toBe(backends[0]?.peer);
    expect(backends.map(({ connections }) => connections)).toEqual([1, 0]);
  });

  test('is one of two words', () => {
    expect(() =>
      definePolicy({ name: 'sometimes', connect: 'sometimes' as never, createPicker: () => undefined }),
    ).toThrow('definePolicy: connect of sometimes must be "at once" or "when asked", got "sometimes"');
  });
});
