/** What belongs to an endpoint goes on with it when its addresses change, and while its RPCs run. */
import { type experimental, Metadata, connectivityState as State, status } from '@grpc/grpc-js';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DepartedEndpoints, type EndpointData } from '../../src/endpoints/data.js';
import { customRoundRobin, definePolicy, type PolicyEndpoint, queuePick } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';

const { IDLE, READY } = State;
const { endpoint } = SimulatedChannel;
const [A, B, C, D] = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1', '10.0.0.3:1'] as const;

type Counted = PolicyEndpoint<{ readonly id: number; running: number }>;

let endpoints: readonly Counted[] = [];
let made = 0;
/** The place of the endpoint that the next pick goes to. */
let wanted = 0;
let picker: experimental.Picker | undefined;

beforeAll(() => {
  customRoundRobin.register();
  definePolicy({
    name: 'counts_rpcs',
    createData: (): Counted['data'] => ({ id: made++, running: 0 }),
    createPicker(ready, view) {
      endpoints = view.endpoints;
      return ready.length > 0 ? { pick: () => endpoints[wanted]?.pickResult ?? queuePick() } : undefined;
    },
    onCallStarted: ({ data }) => void data.running++,
    onCallEnded: ({ data }) => void data.running--,
  }).register();
});

beforeEach(() => {
  made = 0;
});

/** Each endpoint with its data: `10.0.0.0:1 #0 1` has the data that was made first, and one RPC. */
const shown = () => endpoints.map(({ name, data }) => `${name} #${data.id} ${data.running}`);

/** The channel of an endpoint list all of which are READY. */
function open(...list: experimental.Endpoint[]): SimulatedChannel {
  const channel = new SimulatedChannel({ counts_rpcs: {} });
  channel.update(list);
  channel.all(READY);
  ({ picker } = channel.latest);
  return channel;
}

/** Starts an RPC at the endpoint of that place; answers with what ends it. */
function start(place: number): () => void {
  wanted = place;
  const { onCallStarted, onCallEnded } = picker?.pick(rpc()) ?? {};
  onCallStarted?.();
  return () => onCallEnded?.(status.OK, '', new Metadata());
}

describe('an endpoint that gains an address', () => {
  test('is the same endpoint, with its data and its connection', () => {
    const channel = open(endpoint(A), endpoint(B));
    const end = start(1);
    const { created, refs } = channel;
    const [, before] = endpoints;
    channel.update([endpoint(A), endpoint(C, B)]);
    expect(shown()).toEqual([`${A} #0 0`, `${C}+${B} #1 1`]);
    expect(endpoints[1]).toBe(before);
    expect(channel).toMatchObject({ created, refs });
    end();
    expect(shown()).toEqual([`${A} #0 0`, `${C}+${B} #1 0`]);
  });

  test('tries the new address when the connection is lost', async () => {
    const channel = open(endpoint(A));
    channel.update([endpoint(A, B)]);
    channel.subchannel(A).become(IDLE);
    await new Promise((resolve) => process.nextTick(resolve));
    expect(channel.subchannel(B).refs).toBe(1);
  });

  test('keeps what is left of its turn in custom_round_robin', () => {
    const channel = new SimulatedChannel(customRoundRobin({ repeatCount: 3 }));
    channel.update([endpoint(A), endpoint(B)]);
    channel.all(READY);
    expect(channel.picks(4)).toEqual([A, A, A, B]);
    channel.update([endpoint(A), endpoint(B, C)]);
    expect(channel.picks(3)).toEqual([B, B, A]);
  });

  test('is told of under its new name, and its old name is gone', async () => {
    const log = EventLog.start();
    const channel = open(endpoint(A));
    await told();
    log.events.length = 0;
    channel.update([endpoint(A, B)]);
    channel.subchannel(A).become(IDLE);
    await told();
    expect(log.events.slice(0, 3).map(({ endpoint: name, from, to }) => [name, from, to])).toEqual([
      [A, 'READY', 'SHUTDOWN'],
      [`${A}+${B}`, 'IDLE', 'READY'],
      [`${A}+${B}`, 'READY', 'IDLE'],
    ]);
  });
});

describe('an endpoint that loses an address', () => {
  test('keeps data and connection if the connection goes elsewhere', () => {
    const channel = open(endpoint(A, B));
    start(0);
    const { created } = channel;
    channel.update([endpoint(A)]);
    expect(shown()).toEqual([`${A} #0 1`]);
    expect(channel.created).toBe(created);
  });

  test('keeps its data, and gets a new connection, if that was where it had one', () => {
    const channel = open(endpoint(A, B));
    const end = start(0);
    channel.update([endpoint(B)]);
    channel.subchannel(B).become(READY);
    expect(channel.subchannel(A).refs).toBe(0);
    expect(channel.pick()).toBe(B);
    expect(shown()).toEqual([`${B} #0 1`]);
    end();
    expect(shown()).toEqual([`${B} #0 0`]);
  });
});

test('of two endpoints that become one, one goes on; when they part again, each has its own data', () => {
  const channel = open(endpoint(A), endpoint(B));
  start(0);
  start(1);
  start(1);
  channel.update([endpoint(B, A)]);
  expect(shown()).toEqual([`${B}+${A} #1 2`]);
  channel.update([endpoint(A), endpoint(B)]);
  expect(shown()).toEqual([`${A} #0 1`, `${B} #1 2`]);
});

describe('an endpoint that is missing from one answer', () => {
  test('comes back with its data while an RPC runs there', () => {
    const channel = open(endpoint(A), endpoint(B));
    const ends = [start(1), start(1)];
    channel.update([endpoint(A)]);
    ends[0]?.();
    channel.update([endpoint(A), endpoint(B)]);
    expect(shown()).toEqual([`${A} #0 0`, `${B} #1 1`]);
    // And once more, though that RPC was never one of the child that is there now.
    channel.update([endpoint(A)]);
    channel.update([endpoint(A), endpoint(B, D)]);
    expect(shown()).toEqual([`${A} #0 0`, `${B}+${D} #1 1`]);
    ends[1]?.();
    expect(shown()).toEqual([`${A} #0 0`, `${B}+${D} #1 0`]);
  });

  test('comes back after an answer without any endpoint', () => {
    const channel = open(endpoint(A));
    start(0);
    channel.update([]);
    channel.update([endpoint(A)]);
    expect(shown()).toEqual([`${A} #0 1`]);
  });

  test('begins anew when its RPCs have ended', () => {
    const channel = open(endpoint(A), endpoint(B));
    const end = start(1);
    channel.update([endpoint(A)]);
    end();
    channel.update([endpoint(A), endpoint(B)]);
    expect(shown()).toEqual([`${A} #0 0`, `${B} #2 0`]);
  });
});

test('of endpoints whose RPCs seem to run for ever only so many are remembered, the last ones', () => {
  const departed = new DepartedEndpoints<number>();
  const leave = (value: number): EndpointData<number> => {
    const kept = { value, calls: 1, picked: 0 };
    departed.leave(kept, endpoint(A));
    return kept;
  };
  const all = Array.from({ length: 10_010 }, (_, i) => leave(i));
  const values = () => [...departed.keys()].map(({ value }) => value);
  expect(values()).toHaveLength(10_000);
  expect(values()[0]).toBe(10);
  departed.delete(all[10] as EndpointData<number>);
  expect(values()[0]).toBe(11);
});
