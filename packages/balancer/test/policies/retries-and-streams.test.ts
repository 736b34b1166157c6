/**
 * The policies under what grpc-js does with one RPC: retries (gRFC A6), RPCs
 * that wait for ready, and streams, which are picked for once.
 */

import { once } from 'node:events';
import { constants } from 'node:http2';
import {
  type ClientDuplexStream,
  type LoadBalancingConfig,
  Metadata,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';
import { Backend } from '@petiole/test-kit/backend';
import { untilState } from '@petiole/test-kit/clients';
import { startHttp2 } from '@petiole/test-kit/http2-server';
import { startFleet } from '@petiole/test-kit/servers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { customRoundRobin, leastRequest, serviceConfig } from '../../src/index.js';
import { openChannel } from '../support/fleet.js';
import type { TestChannel } from '../support/test-channel.js';

customRoundRobin.register();
leastRequest.register();

const { methodConfig } = JSON.parse(
  serviceConfig({
    loadBalancingConfig: [customRoundRobin()],
    methodConfig: [
      {
        name: [{}],
        retryPolicy: {
          maxAttempts: 4,
          initialBackoff: '0.001s',
          maxBackoff: '0.01s',
          backoffMultiplier: 1,
          retryableStatusCodes: ['UNAVAILABLE', 'CANCELLED'],
        },
      },
    ],
  }),
);
const RETRIES = { serviceConfig: { methodConfig }, channelOptions: { 'grpc.enable_retries': 1 } };

const POLICIES = [
  ['custom_round_robin', customRoundRobin({ repeatCount: 1 })],
  ['least_request', leastRequest()],
] as const;

/** Backends that share one log of the attempts that reach them: `0`, `1`, …, by their place. */
async function startLogged(
  count: number,
  answer: (index: number, call: ServerUnaryCall<Buffer, Buffer>) => status,
): Promise<{ backends: Backend[]; attempts: number[] }> {
  const attempts: number[] = [];
  const backends = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      Backend.start({
        unary: (call, callback) => {
          attempts.push(index);
          const code = answer(index, call);
          if (code === status.OK) callback(null, call.request);
          else callback({ code, details: `from ${index}` });
        },
      }),
    ),
  );
  for (const backend of backends) onTestFinished(() => backend.kill());
  return { backends, attempts };
}

const endpoints = (backends: readonly Backend[]) => backends.map((backend) => backend.endpoint());

describe('retries', () => {
  test('of 1,000 RPCs least_request loses none to a server that fails at once; round_robin loses some', async () => {
    /** How many of up to 1,000 RPCs fail, 25 at a time; whether any, if one is `enough`. */
    const failed = async (policy: LoadBalancingConfig, enough = 1000): Promise<number> => {
      const { backends } = await startLogged(3, (index) => (index === 0 ? status.UNAVAILABLE : status.OK));
      const retryPolicy = { ...methodConfig[0].retryPolicy, maxAttempts: 3 };
      const channel = openChannel({
        endpoints: endpoints(backends),
        policy,
        serviceConfig: { methodConfig: [{ name: [{}], retryPolicy }] },
        channelOptions: { 'grpc.enable_retries': 1 },
      });
      let failures = 0;
      let started = 0;
      const work = async (): Promise<void> => {
        while (started++ < 1000 && failures < enough) await channel.unary().catch(() => failures++);
      };
      await Promise.all(Array.from({ length: 25 }, work));
      return failures;
    };
    expect(await failed(leastRequest())).toBe(0);
    expect(await failed({ round_robin: {} }, 1)).toBeGreaterThan(0);
  });

  test('each attempt is a pick of its own: custom_round_robin sends the second one to the next endpoint', async () => {
    const { backends, attempts } = await startLogged(3, (index) =>
      index === 0 ? status.UNAVAILABLE : status.OK,
    );
    const channel = openChannel({
      ...RETRIES,
      endpoints: endpoints(backends),
      policy: customRoundRobin({ repeatCount: 1 }),
    });
    expect(await channel.peers(4)).toEqual([1, 2, 1, 2].map((index) => backends[index]?.peer));
    expect(attempts).toEqual([0, 1, 2, 0, 1, 2]);
  });

  test('and elsewhere while the turn lasts: a later attempt takes nothing from the turn of the endpoint that it skips', async () => {
    const { backends, attempts } = await startLogged(2, (index) =>
      index === 0 ? status.UNAVAILABLE : status.OK,
    );
    const channel = openChannel({
      ...RETRIES,
      endpoints: endpoints(backends),
      policy: customRoundRobin({ repeatCount: 3 }),
    });
    expect(await channel.peers(4)).toEqual(Array(4).fill(backends[1]?.peer));
    expect(attempts).toEqual([0, 1, 0, 1, 0, 1, 1]);
  });

  test('a hedge leaves a server that hangs', async () => {
    const [hanging] = (await startFleet(1, { unary: () => {} })) as [Backend];
    const [well] = (await startFleet(1)) as [Backend];
    const channel = openChannel({
      ...RETRIES,
      serviceConfig: {
        methodConfig: [{ name: [{}], hedgingPolicy: { maxAttempts: 2, hedgingDelay: '0.01s' } }],
      },
      endpoints: endpoints([hanging, well]),
      policy: customRoundRobin({ repeatCount: 3 }),
    });
    expect(await channel.peers(3)).toEqual(Array(3).fill(well.peer));
    expect(hanging.calls).toBe(3);
  });

  test('the repetition of a refused stream goes to another server', async () => {
    let refused = 0;
    const { endpoint } = await startHttp2((stream) => {
      refused++;
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
    const [well] = (await startFleet(1)) as [Backend];
    const channel = openChannel({
      channelOptions: { 'grpc.enable_retries': 1 },
      endpoints: [endpoint, well.endpoint()],
      policy: customRoundRobin({ repeatCount: 3 }),
    });
    expect(await channel.peers(3)).toEqual(Array(3).fill(well.peer));
    expect(refused).toBe(3);
  });

  test('an RPC fails with the last status when its attempts are used up', async () => {
    const { backends, attempts } = await startLogged(3, () => status.UNAVAILABLE);
    const channel = openChannel({
      ...RETRIES,
      endpoints: endpoints(backends),
      policy: customRoundRobin({ repeatCount: 1 }),
    });
    await expect(channel.unary()).rejects.toMatchObject({ code: status.UNAVAILABLE, details: 'from 0' });
    expect(attempts).toEqual([0, 1, 2, 0]);
  });

  test.each(POLICIES)(
    'no RPC fails when a server dies under it: %s sends it to another',
    async (_, policy) => {
      const fleet = await startFleet(2);
      const hanging = await Backend.start({ unary: () => hanging.kill() });
      const channel = openChannel({
        ...RETRIES,
        endpoints: endpoints([hanging, ...fleet]),
        policy,
      });
      const peers = new Set<string>();
      // least_request draws at random: it takes a while until the server that will die is drawn.
      for (let i = 0; i < 500 && (hanging.calls === 0 || peers.size < 2); i++)
        peers.add(await channel.unary());
      expect(hanging.calls).toBe(1);
      expect(peers).toEqual(new Set(fleet.map(({ peer }) => peer)));
    },
  );
});

describe.each(POLICIES)('RPCs that wait for ready under %s', (_, policy) => {
  const waitForReady = () => new Metadata({ waitForReady: true });

  test('queue while every endpoint is down, where others fail, and are served when one is back', async () => {
    const fleet = await startFleet(2);
    for (const backend of fleet) backend.kill();
    const channel = openChannel({ endpoints: endpoints(fleet), policy });
    let served = 0;
    const waiting = Array.from({ length: 6 }, async () => {
      const peer = await channel.unary({ metadata: waitForReady(), deadline: Date.now() + 15_000 });
      served++;
      return peer;
    });
    await untilState(channel, 'TRANSIENT_FAILURE');
    await expect(channel.unary()).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(served).toBe(0);
    for (const backend of fleet) await backend.restart();
    const peers = await Promise.all(waiting);
    for (const peer of peers) expect(fleet.map((backend) => backend.peer)).toContain(peer);
  });

  test('queue again when all endpoints die later, and end at their deadline if none comes back', async () => {
    const fleet = await startFleet(2);
    const channel = openChannel({ endpoints: endpoints(fleet), policy });
    await channel.untilServedBy(fleet.map((backend) => backend.peer));
    for (const backend of fleet) backend.kill();
    await untilState(channel, 'TRANSIENT_FAILURE');
    const lost = channel.unary({ metadata: waitForReady(), deadline: Date.now() + 300 });
    const patient = channel.unary({ metadata: waitForReady(), deadline: Date.now() + 15_000 });
    await expect(lost).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await fleet[1]?.restart();
    expect(await patient).toBe(fleet[1]?.peer);
  });
});

describe.each(POLICIES)('streams under %s', (name, policy) => {
  interface OpenStream {
    readonly call: ClientDuplexStream<Buffer, Buffer>;
    readonly peer: string;
    /** The code that the stream ended with. */
    readonly ended: Promise<number>;
  }

  /** A stream over which one message went to and fro. */
  async function open(channel: TestChannel): Promise<OpenStream> {
    const call = channel.bidi({ deadline: Date.now() + 15_000 });
    call.on('error', () => {});
    // Not `once` of node:events, which rejects on the error that comes first.
    const ended = new Promise<number>((resolve) => call.on('status', ({ code }) => resolve(code)));
    await echo(call, 'first');
    return { call, peer: call.getPeer(), ended };
  }

  async function echo(call: ClientDuplexStream<Buffer, Buffer>, text: string): Promise<void> {
    call.write(Buffer.from(text));
    const [message] = await once(call, 'data');
    expect(message.toString()).toBe(text);
  }

  const openMany = async (channel: TestChannel, count: number): Promise<OpenStream[]> => {
    const streams: OpenStream[] = [];
    for (let i = 0; i < count; i++) streams.push(await open(channel));
    return streams;
  };

  test('are distributed one by one, and each keeps its endpoint', async () => {
    const fleet = await startFleet(3);
    const channel = openChannel({ endpoints: endpoints(fleet), policy });
    await channel.untilServedBy(fleet.map(({ peer }) => peer));
    const before = await open(channel);
    const streams = [before, ...(await openMany(channel, 8))];
    const counts = fleet.map(({ peer }) => streams.filter((stream) => stream.peer === peer).length);
    // Open streams are load: of the two endpoints that least_request draws, the fuller one never gets the stream,
    // so that none is more than one ahead of the next.
    counts.sort((x, y) => y - x);
    if (name === 'custom_round_robin') expect(counts).toEqual([3, 3, 3]);
    else expect((counts[0] ?? 0) - (counts[1] ?? 0)).toBeLessThanOrEqual(1);
    for (const { call, peer } of streams) {
      for (const text of ['second', 'third']) await echo(call, text);
      expect(call.getPeer()).toBe(peer);
    }
    for (const { call } of streams) call.end();
    expect(await Promise.all(streams.map(({ ended }) => ended))).toEqual(Array(9).fill(status.OK));
  });

  test('end with their server, and only they do', async () => {
    const fleet = await startFleet(3);
    const channel = openChannel({ endpoints: endpoints(fleet), policy });
    await channel.untilServedBy(fleet.map(({ peer }) => peer));
    const streams = await openMany(channel, 12);
    const [victim] = fleet as [Backend, ...Backend[]];
    const doomed = streams.filter(({ peer }) => peer === victim.peer);
    const others = streams.filter(({ peer }) => peer !== victim.peer);
    expect(doomed.length).toBeGreaterThan(0);
    victim.kill();
    for (const code of await Promise.all(doomed.map(({ ended }) => ended))) expect(code).not.toBe(status.OK);
    for (const { call } of others) await echo(call, 'still here');
    for (const { peer } of await openMany(channel, 6)) expect(peer).not.toBe(victim.peer);
    for (const { call } of others) call.end();
    for (const code of await Promise.all(others.map(({ ended }) => ended))) expect(code).toBe(status.OK);
  });
});
