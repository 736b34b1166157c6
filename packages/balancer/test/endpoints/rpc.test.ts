/** What a picker is told of the RPC: which attempt it is, and where the earlier ones went. */
import { Metadata, connectivityState as State, setLogger } from '@grpc/grpc-js';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { definePolicy, type PolicyEndpoint, queuePick, type Rpc } from '../../src/index.js';

const [A, B, C] = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1'] as const;

/** What picks were told, in order: `1 of 10.0.0.0:1`. */
const seen: string[] = [];
let rpcs: Rpc[] = [];
let choose: (ready: readonly PolicyEndpoint[]) => PolicyEndpoint | undefined = ([first]) => first;

beforeAll(() => {
  definePolicy({
    name: 'notes_rpcs',
    createPicker: (ready) => ({
      pick({ rpc: one, metadata, extraPickInfo }) {
        expect([metadata, typeof extraPickInfo]).toEqual([expect.any(Metadata), expect.any(String)]);
        rpcs.push(one);
        seen.push(`${one.attempt} after ${one.tried.map(({ name }) => name).join()}`);
        return choose(ready)?.pickResult ?? queuePick();
      },
    }),
  }).register();
  definePolicy({
    name: 'elsewhere',
    createPicker: (ready) => ({
      // A copy, as a policy with hooks of its own makes one.
      pick: ({ rpc: { tried } }) => ({
        ...(ready.find((endpoint) => !tried.includes(endpoint))?.pickResult ?? queuePick()),
      }),
    }),
  }).register();
});
beforeEach(() => {
  seen.length = 0;
  rpcs = [];
  choose = ([first]) => first;
});

function open(policy: string): SimulatedChannel {
  const channel = new SimulatedChannel({ [policy]: {} });
  channel.update(SimulatedChannel.endpoints(3));
  channel.all(State.READY);
  return channel;
}

test('attempt counts the earlier picks of the RPC that went to an endpoint, and tried has those endpoints', () => {
  const channel = open('notes_rpcs');
  const one = rpc();
  channel.pick(one);
  channel.pick();
  choose = () => undefined;
  channel.pick(one);
  choose = ([, second]) => second;
  channel.pick(one);
  channel.pick(one);
  expect(seen).toEqual(['0 after ', '0 after ', `1 after ${A}`, `1 after ${A}`, `2 after ${A},${B}`]);
});

test('rpc can be kept: what it tells does not change with the next attempts', () => {
  const channel = open('notes_rpcs');
  const one = rpc();
  for (let i = 0; i < 4; i++) channel.pick(one);
  expect(rpcs.map(({ attempt, tried }) => [attempt, tried.length])).toEqual([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});

test("a user's policy sends later attempts elsewhere in a line, also with copies of pick results", () => {
  const channel = open('elsewhere');
  const one = rpc();
  expect([1, 2, 3, 4].map(() => channel.pick(one))).toEqual([A, B, C, 'QUEUE']);
  expect(channel.pick()).toBe(A);
});

test.each([
  ['cannot hold anything', Object.freeze({})],
  ['is missing', undefined as never],
])('where extraPickInfo %s, an RPC is known by the options of its metadata', (_, extraPickInfo) => {
  const channel = open('elsewhere');
  const [one, other] = [new Metadata(), new Metadata()];
  const pick = (metadata: Metadata): string => channel.pick({ metadata: metadata.clone(), extraPickInfo });
  expect([pick(one), pick(one), pick(other), pick(one), pick(other)]).toEqual([A, B, A, C, B]);
  // RPCs that grpc-js treats as it should are not mixed up with those.
  expect([channel.pick(), channel.pick()]).toEqual([A, A]);
});

test('where nothing tells RPCs apart each pick is a first attempt, and that is logged once', async () => {
  const error = vi.fn();
  setLogger({ ...console, error });
  onTestFinished(() => setLogger(console));
  const channel = open('elsewhere');
  const nothing = { metadata: undefined as never, extraPickInfo: undefined as never };
  expect([1, 2, 3].map(() => channel.pick(nothing))).toEqual([A, A, A]);
  await told();
  expect(error.mock.calls.flat().filter((line) => String(line).includes('cannot be told'))).toHaveLength(1);
});
