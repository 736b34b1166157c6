/** Which of an endpoint's connections an RPC goes over, and when a further one is made (gRFC A105), without sockets. */
import { Metadata, connectivityState as State, setLogger, status } from '@grpc/grpc-js';
import { MAX_CONNECTIONS_ATTRIBUTE } from '@petiole/service-config/internal';
import { hear } from '@petiole/test-kit/hear';
import { rpc, SimulatedChannel, type SimulatedSubchannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { QueuedPick } from '../../src/endpoints/pick-result.js';
import { definePolicy, type PolicyEndpoint, type StreamsEvent } from '../../src/index.js';

const { CONNECTING, IDLE, READY, TRANSIENT_FAILURE } = State;
const A = '10.0.0.0:1';

let endpoints: readonly PolicyEndpoint[] = [];

definePolicy({
  name: 'first_of_all',
  createPicker(ready, view) {
    endpoints = view.endpoints;
    const [first] = ready;
    return first && { pick: () => first.pickResult };
  },
}).register();

definePolicy({
  name: 'first_when_asked',
  connect: 'when asked',
  createPicker(_, view) {
    endpoints = view.endpoints;
    const [first] = view.endpoints;
    first?.connect();
    return first && { pick: () => first.pickResult };
  },
}).register();

beforeEach(() => {
  setLogger({});
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
  setLogger(console);
});

const scaling = (maxConnectionsPerSubchannel: number, options: object = {}) => ({
  options: {
    'grpc.service_config': JSON.stringify({ connectionScaling: { maxConnectionsPerSubchannel } }),
    ...options,
  },
});

class Scene {
  readonly channel: SimulatedChannel;
  readonly first: SimulatedSubchannel;

  readonly streams: number;
  private readonly options: object;

  /** A READY endpoint whose server allows so many streams on a connection. */
  constructor(max: number, streams = 1, options: object = {}, policy = 'first_of_all') {
    this.channel = new SimulatedChannel({ [policy]: {} });
    this.first = this.channel.subchannel(A);
    this.streams = streams;
    this.options = options;
    this.first.maxConcurrentStreams = streams;
    this.update(max);
    this.channel.all(READY);
    // What is published once more after an update.
    vi.runOnlyPendingTimers();
  }

  update(max: number): void {
    this.channel.update(SimulatedChannel.endpoints(1), scaling(max, this.options));
  }

  get further(): readonly SimulatedSubchannel[] {
    return this.channel.further;
  }

  /** Picks for one RPC: the connection by its number, from 0; or QUEUE. Starts it there. */
  start(): { at: number | 'QUEUE'; end: () => void } {
    const result = this.channel.latest.picker.pick(rpc());
    if (result.subchannel === null) return { at: 'QUEUE', end: () => {} };
    const subchannel = result.subchannel as unknown as SimulatedSubchannel;
    subchannel.streams++;
    result.onCallStarted?.();
    return {
      at: [this.first, ...this.further].indexOf(subchannel),
      end: () => {
        subchannel.streams--;
        result.onCallEnded?.(status.OK, '', new Metadata());
      },
    };
  }

  starts(count: number): (number | 'QUEUE')[] {
    return Array.from({ length: count }, () => this.start().at);
  }

  /** The newest connection attempt ends. */
  async become(state: State, subchannel = this.further.at(-1)): Promise<void> {
    if (subchannel) subchannel.maxConcurrentStreams = this.streams;
    subchannel?.become(state, 'refused');
    await told();
  }
}

test('a full connection lets RPCs wait while one more is made, and they are picked again when it is there', async () => {
  const scene = new Scene(3, 2);
  expect(scene.starts(4)).toEqual([0, 0, 'QUEUE', 'QUEUE']);
  expect(scene.further).toHaveLength(0);
  await told();
  expect(scene.further).toHaveLength(1);
  expect(scene.start().at).toBe('QUEUE');
  await told();
  expect(scene.further).toHaveLength(1);
  const { length } = scene.channel.publications;
  await scene.become(READY);
  expect(scene.channel.publications).toHaveLength(length + 1);
  expect(scene.starts(3)).toEqual([1, 1, 'QUEUE']);
  await told();
  await scene.become(READY);
  // With as many as there may be, RPCs wait on the connection with the fewest that wait.
  expect(scene.starts(6)).toEqual([2, 2, 0, 1, 2, 0]);
  await told();
  expect(scene.further).toHaveLength(2);
  expect(scene.channel.state).toBe('READY');
});

test('the oldest connection with room is used', async () => {
  const scene = new Scene(3);
  const running = [scene.start()];
  for (let i = 0; i < 2; i++) {
    scene.start();
    await told();
    await scene.become(READY);
    running.push(scene.start());
  }
  expect(running.map(({ at }) => at)).toEqual([0, 1, 2]);
  running[1]?.end();
  running[0]?.end();
  expect(scene.starts(2)).toEqual([0, 1]);
});

test('RPCs that were picked in this turn count, and no longer in the next one if they never start', async () => {
  const scene = new Scene(2, 2);
  expect(scene.channel.picks(3)).toEqual([A, A, 'QUEUE']);
  vi.runAllTimers();
  expect(scene.starts(3)).toEqual([0, 0, 'QUEUE']);
});

test('a stream that becomes free while a connection is being made is for the RPCs that wait, too', async () => {
  const scene = new Scene(2);
  const running = scene.start();
  scene.start();
  await told();
  const { length } = scene.channel.publications;
  running.end();
  vi.advanceTimersByTime(10);
  expect(scene.channel.publications).toHaveLength(length + 1);
  expect(scene.start().at).toBe(0);
});

test('while the next attempt is held back after a failure, RPCs wait for it, or for a stream that becomes free', async () => {
  const scene = new Scene(2);
  const running = scene.start();
  scene.start();
  await told();
  const { length } = scene.channel.publications;
  await scene.become(TRANSIENT_FAILURE);
  expect(scene.channel.publications).toHaveLength(length + 1);
  expect(scene.starts(2)).toEqual(['QUEUE', 'QUEUE']);
  await told();
  expect(scene.further).toHaveLength(1);
  expect(scene.further[0]?.refs).toBe(0);
  running.end();
  vi.advanceTimersByTime(10);
  expect(scene.channel.publications).toHaveLength(length + 2);
  expect(scene.starts(2)).toEqual([0, 'QUEUE']);
  await told();
  expect(scene.further).toHaveLength(1);
  vi.advanceTimersByTime(2000);
  // The back-off is over: who still waits is picked again, and asks for the connection.
  expect(scene.channel.publications).toHaveLength(length + 3);
  expect(scene.start().at).toBe('QUEUE');
  await told();
  expect(scene.further).toHaveLength(2);
  await scene.become(READY);
  expect(scene.start().at).toBe(2);
});

test.each(['being made', 'held back after a failure'])(
  'while the next connection is %s, RPCs that wait have a stream that another client has left, within 100 ms',
  async (when) => {
    const scene = new Scene(2);
    // Another client's, on the same subchannel.
    scene.first.streams = 1;
    scene.start();
    await told();
    if (when !== 'being made') {
      await scene.become(TRANSIENT_FAILURE);
      expect(scene.start().at).toBe('QUEUE');
      await told();
    }
    const { length } = scene.channel.publications;
    vi.advanceTimersByTime(500);
    expect(scene.channel.publications).toHaveLength(length);
    scene.first.streams = 0;
    vi.advanceTimersByTime(100);
    expect(scene.channel.publications).toHaveLength(length + 1);
    expect(scene.start().at).toBe(0);
    vi.advanceTimersByTime(300);
    expect(scene.channel.publications).toHaveLength(length + 1);
  },
);

test('RPCs that wait while it is held back are told of, until they run', async () => {
  const events: StreamsEvent[] = [];
  hear<StreamsEvent>(['petiole.endpoint.streams'], (event) => void events.push(event));
  const scene = new Scene(2);
  const running = scene.start();
  scene.start();
  await told();
  await scene.become(TRANSIENT_FAILURE);
  scene.starts(2);
  await told();
  vi.advanceTimersByTime(1);
  await told();
  const event = { target: undefined, endpoint: A, allowed: 1, connections: 1 };
  expect(events).toEqual([{ ...event, waiting: 2 }]);
  running.end();
  vi.advanceTimersByTime(10);
  vi.advanceTimersByTime(1);
  await told();
  expect(events).toEqual([
    { ...event, waiting: 2 },
    { ...event, waiting: 0 },
  ]);
});

test('an attempt that takes 20 s counts as failed', async () => {
  const scene = new Scene(2);
  scene.starts(2);
  await told();
  await scene.become(CONNECTING);
  vi.advanceTimersByTime(20_500);
  expect(scene.start().at).toBe('QUEUE');
  expect(scene.further[0]?.refs).toBe(0);
});

test('a further connection that is lost as soon as it is made is a failure; one that has lasted, or answered, is none', async () => {
  const scene = new Scene(2);
  scene.starts(2);
  await told();
  await scene.become(READY);
  vi.advanceTimersByTime(1000);
  await scene.become(IDLE);
  expect(scene.start().at).toBe('QUEUE');
  await told();
  expect(scene.further).toHaveLength(2);
  await scene.become(READY);
  scene.start().end();
  await scene.become(IDLE);
  scene.start();
  await told();
  expect(scene.further).toHaveLength(3);
  await scene.become(READY);
  await scene.become(IDLE);
  scene.start();
  await told();
  expect(scene.further).toHaveLength(3);
});

test('the endpoint is READY while any of its connections is, and its first one is then made anew as the newest', async () => {
  const scene = new Scene(2);
  scene.starts(2);
  await told();
  await scene.become(READY);
  scene.first.streams = 0;
  scene.first.become(IDLE);
  expect([scene.channel.state, endpoints[0]?.state]).toEqual(['READY', 'READY']);
  expect(scene.start().at).toBe(1);
  await told();
  expect(scene.first.connectRequests).toBe(2);
  scene.first.become(CONNECTING);
  expect(scene.start().at).toBe('QUEUE');
  scene.first.become(READY);
  expect(scene.start().at).toBe(0);
  expect(scene.further).toHaveLength(1);
});

/** The first connection is lost and made anew while another one serves, whose stream is taken; an RPC waits for it. */
async function losesFirst() {
  const scene = new Scene(2);
  scene.starts(2);
  await told();
  await scene.become(READY);
  scene.start();
  scene.first.streams = 0;
  scene.first.become(IDLE);
  await told();
  scene.first.become(CONNECTING);
  expect(scene.start().at).toBe('QUEUE');
  await told();
  return { scene, published: scene.channel.publications.length };
}

test('an attempt for the first connection that fails lets the RPCs that wait for it be picked again', async () => {
  const { scene, published } = await losesFirst();
  scene.first.become(TRANSIENT_FAILURE, 'refused');
  expect(scene.channel.publications).toHaveLength(published + 1);
});

test('an attempt for the first connection that hangs for 20 s is given up, also while another one serves', async () => {
  const { scene, published } = await losesFirst();
  vi.advanceTimersByTime(20_500);
  expect(scene.channel.publications).toHaveLength(published + 1);
  expect([scene.start().at, endpoints[0]?.state, scene.first.refs]).toEqual(['QUEUE', 'READY', 0]);
  vi.advanceTimersByTime(1000);
  expect(scene.further).toHaveLength(2);
  await scene.become(READY);
  expect(scene.start().at).toBe(2);
});

test('when the last connection is lost, the endpoint is what its first one says', async () => {
  const scene = new Scene(2);
  scene.starts(2);
  await told();
  await scene.become(READY);
  scene.first.become(IDLE);
  await told();
  scene.first.become(CONNECTING);
  scene.first.become(TRANSIENT_FAILURE, 'refused');
  expect(endpoints[0]).toMatchObject({ state: 'READY', lastError: undefined });
  await scene.become(IDLE);
  expect(endpoints[0]).toMatchObject({ state: 'TRANSIENT_FAILURE', lastError: 'refused' });
  expect(scene.channel.pick()).toContain('refused');
});

test('a higher number counts at once; a lower one closes no connection', async () => {
  const scene = new Scene(1);
  expect(scene.starts(2)).toEqual([0, 0]);
  scene.update(2);
  expect(scene.start().at).toBe('QUEUE');
  await told();
  await scene.become(READY);
  scene.update(1);
  expect(scene.start().at).toBe(1);
  expect(scene.start().at).not.toBe('QUEUE');
});

test('the number of a resolver counts for more than the channel’s own, and a change of it replaces no connection', async () => {
  const scene = new Scene(1);
  const { options } = scaling(1);
  const resolved = (most: number): boolean =>
    scene.channel.update(SimulatedChannel.endpoints(1), {
      options: { ...options, [MAX_CONNECTIONS_ATTRIBUTE]: most },
    });
  resolved(2);
  expect(scene.starts(2)).toEqual([0, 'QUEUE']);
  await told();
  await scene.become(READY);
  expect(scene.starts(2)).toEqual([1, 0]);
  resolved(3);
  expect(scene.start().at).toBe('QUEUE');
  await told();
  expect(scene.further).toHaveLength(2);
  expect([scene.first, ...scene.further].map(({ refs }) => refs)).toEqual([1, 1, 1]);
});

test('renew() replaces all of them', async () => {
  const scene = new Scene(2);
  scene.starts(2);
  await told();
  await scene.become(READY);
  endpoints[0]?.renew();
  await told();
  expect(scene.further).toHaveLength(2);
  await scene.become(READY);
  expect(scene.start().at).toBe(2);
  expect([scene.first, scene.further[0]].map((one) => one?.refs)).toEqual([0, 0]);
});

const otherArguments = (scene: Scene): boolean =>
  scene.channel.update(SimulatedChannel.endpoints(1), scaling(2, { 'grpc.primary_user_agent': 'another' }));

test.each([
  ['other arguments', otherArguments, 'first_of_all'],
  ['other arguments, where endpoints connect when asked', otherArguments, 'first_when_asked'],
  ['renew()', () => endpoints[0]?.renew(), 'first_of_all'],
])(
  'while the first connection is lost, %s: the further ones are replaced once it is made anew',
  async (_what, change, policy) => {
    const scene = new Scene(2, 1, {}, policy);
    await told();
    scene.first.become(READY);
    scene.starts(2);
    await told();
    await scene.become(READY);
    scene.first.become(IDLE);
    change(scene);
    await told();
    expect(scene.start().at).not.toBe(0);
    expect(scene.further[0]?.refs).toBe(1);
    const anew = scene.further[1] ?? scene.first;
    await scene.become(CONNECTING, anew);
    await scene.become(READY, anew);
    expect(scene.further[0]?.refs).toBe(0);
    expect([scene.channel.state, scene.channel.refs]).toEqual(['READY', 1]);
  },
);

/** An endpoint of two addresses, whose further connection is to the first one; its own is lost and being made. */
async function connectedBeside() {
  const [B, C] = ['10.0.0.1:1', '10.0.0.2:1'];
  const channel = new SimulatedChannel({ first_of_all: {} });
  const send = (...addresses: string[]) =>
    channel.update([SimulatedChannel.endpoint(...addresses)], scaling(3));
  send(B, C);
  const own = channel.subchannel(B);
  own.maxConcurrentStreams = 1;
  own.become(READY);
  channel.pick();
  own.streams = 1;
  channel.pick();
  await told();
  const [extra] = channel.further as [SimulatedSubchannel];
  extra.become(READY);
  await told();
  own.become(IDLE);
  await told();
  return { channel, send, B, C, own, extra };
}

test('one to an address that the endpoint has lost is given up', async () => {
  const { channel, send, C, own, extra } = await connectedBeside();
  own.become(CONNECTING);
  own.become(TRANSIENT_FAILURE, 'refused');
  channel.subchannel(C).become(READY);
  expect(extra.refs).toBe(1);
  send(C);
  expect([extra.refs, channel.pick(), channel.refs]).toEqual([0, C, 1]);
});

test('while one serves, the first one is not made to an address that the endpoint has lost', async () => {
  const { channel, send, B, C, own, extra } = await connectedBeside();
  own.become(CONNECTING);
  expect(channel.subchannel(C).refs).toBe(1);
  send(B);
  expect([channel.subchannel(C).refs, own.refs, extra.refs]).toEqual([0, 1, 1]);
});

test('all go with the endpoint, also one that is being made', async () => {
  const scene = new Scene(3);
  scene.starts(2);
  await told();
  await scene.become(READY);
  scene.starts(2);
  await told();
  expect(scene.further).toHaveLength(2);
  scene.channel.update([SimulatedChannel.endpoint('10.9.9.9:1')], scaling(3));
  expect(scene.channel.refs).toBe(1);
});

test('an RPC that a picker of before tells to wait makes no connection for an endpoint that is gone', async () => {
  const scene = new Scene(2);
  scene.start();
  const stale = endpoints[0]?.pickResult as Partial<QueuedPick>;
  scene.channel.update([SimulatedChannel.endpoint('10.9.9.9:1')], scaling(2));
  stale.rpcWaits?.();
  await told();
  expect(scene.further).toHaveLength(0);
});

/** How many connections RPCs have made that never end. */
async function connectionsOf(scene: Scene): Promise<number> {
  for (let rpcs = 0; rpcs < 30; rpcs++) {
    if (scene.start().at !== 'QUEUE') continue;
    await told();
    await scene.become(READY);
  }
  return 1 + scene.further.length;
}

test('there are at most 10 connections, or as many as the channel allows itself', async () => {
  const cap = 'grpc.max_connections_per_subchannel_cap';
  expect(await connectionsOf(new Scene(4))).toBe(4);
  expect(await connectionsOf(new Scene(4_294_967_295))).toBe(10);
  expect(await connectionsOf(new Scene(12, 1, { [cap]: 12 }))).toBe(12);
  expect(await connectionsOf(new Scene(12, 1, { [cap]: 3 }))).toBe(3);
  expect(await connectionsOf(new Scene(12, 1, { [cap]: 0 }))).toBe(10);
});

test('a channel may allow itself fewer streams on a connection than the server does', async () => {
  const scene = new Scene(2, 100, { 'petiole.max_concurrent_streams': 2 });
  expect(scene.starts(3)).toEqual([0, 0, 'QUEUE']);
});
