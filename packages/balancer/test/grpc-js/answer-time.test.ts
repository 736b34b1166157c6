/** What answer-time.ts stands on: the calls of a connection, as grpc-js makes them, in the newest and the oldest grpc-js. */

import { setImmediate as turn } from 'node:timers/promises';
import * as newest from '@grpc/grpc-js';
import { BIDI, UNARY } from '@petiole/test-kit/backend';
import { startBackend } from '@petiole/test-kit/servers';
import { told } from '@petiole/test-kit/told';
import * as oldest from 'grpc-js-oldest';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { watchAnswers } from '../../src/grpc-js/answer-time.js';
import { pickingAround } from '../support/policy-around.js';

const { status } = newest;
type Bytes = Buffer;
const bytes = (value: Bytes): Bytes => value;

/** Each end of an RPC: its code, and whether it was one that tells how long the server took. */
let ends: [newest.status, number | undefined][] = [];
beforeEach(() => {
  ends = [];
});

const OUTLIER_DETECTION = { outlier_detection: { child_policy: [{ watching: {} }] } };

describe.each([
  ['newest', newest],
  ['oldest', oldest as unknown as typeof newest],
])('the %s grpc-js', (_, grpc) => {
  beforeAll(() => {
    pickingAround(grpc, 'watching', { round_robin: {} }, ({ subchannel, ...result }) => ({
      ...result,
      subchannel: watchAnswers(subchannel, (...end) => ends.push(end)),
    }));
  });

  async function open(policy: object = { watching: {} }): Promise<newest.Client> {
    const backend = await startBackend({
      unary: (call, callback) => {
        const text = call.request.toString();
        if (text === 'no') callback({ code: status.NOT_FOUND });
        else if (text !== 'hang') callback(null, call.request);
      },
    });
    const client = new grpc.Client(backend.address, grpc.credentials.createInsecure(), {
      'grpc.service_config': JSON.stringify({ loadBalancingConfig: [policy] }),
      'grpc.enable_retries': 0,
    });
    onTestFinished(() => client.close());
    return client;
  }

  const unary = (client: newest.Client, text: string, deadlineMs = 5000): Promise<void> =>
    new Promise((resolve) => {
      const options = { deadline: Date.now() + deadlineMs };
      client.makeUnaryRequest(UNARY, bytes, bytes, Buffer.from(text), options, () => resolve());
    });

  test.each([
    ['by itself', { watching: {} }],
    ['below outlier_detection, which takes its own wrapper off', OUTLIER_DETECTION],
  ])(
    '%s: a unary RPC tells how long the server took, with an answer, without, and when it is too late',
    async (_, policy) => {
      const client = await open(policy);
      await unary(client, 'yes');
      await unary(client, 'no');
      await unary(client, 'hang', 100);
      expect(ends.map(([code]) => code)).toEqual([status.OK, status.NOT_FOUND, status.DEADLINE_EXCEEDED]);
      for (const [, waited] of ends) expect(waited).toBeGreaterThan(0);
      expect(ends[2]?.[1]).toBeGreaterThan(50);
    },
  );

  test('a stream that is answered before its request ends, or more than once, tells nothing', async () => {
    const client = await open();
    for (const messages of [1, 2]) {
      const stream = client.makeBidiStreamRequest(BIDI, bytes, bytes);
      let received = 0;
      for (let i = 0; i < messages; i++) stream.write(Buffer.from('x'));
      await new Promise<void>((resolve, reject) => {
        stream.on('error', reject);
        stream.on('data', () => {
          if (++received === messages) stream.end();
        });
        stream.on('end', resolve);
      });
    }
    await turn();
    expect(ends).toEqual([
      [status.OK, undefined],
      [status.OK, undefined],
    ]);
  });

  test('a stream that is given up while it waits for the next message tells nothing', async () => {
    const client = await open();
    const stream = client.makeBidiStreamRequest(BIDI, bytes, bytes);
    stream.write(Buffer.from('x'));
    await new Promise((resolve) => stream.once('data', resolve));
    const ended = new Promise((resolve) => stream.once('error', resolve));
    stream.cancel();
    await ended;
    expect(ends).toEqual([[status.CANCELLED, undefined]]);
  });

  test('an upload counts from its end on: not by its length', async () => {
    const client = await open();
    const stream = client.makeBidiStreamRequest(BIDI, bytes, bytes);
    const start = performance.now();
    while (performance.now() - start < 50) await turn();
    stream.end();
    await new Promise((resolve) => stream.on('data', () => {}).once('end', resolve));
    expect(ends[0]?.[0]).toBe(status.OK);
    expect(ends[0]?.[1]).toBeLessThan(performance.now() - start - 45);
  });
});

test('a grpc-js whose calls have no halfClose is complained about once', async () => {
  const lines: string[] = [];
  newest.setLogger({ error: (line: string) => lines.push(line) });
  onTestFinished(() => newest.setLogger(console));
  type Subchannel = newest.experimental.SubchannelInterface;
  const strange = { createCall: () => ({}) } as unknown as Subchannel;
  const watched = watchAnswers(strange, () => {}) as ReturnType<Subchannel['getRealSubchannel']>;
  const listener = { onReceiveMetadata: () => {}, onReceiveMessage: () => {}, onReceiveStatus: () => {} };
  for (let i = 0; i < 2; i++) watched.createCall(new newest.Metadata(), '', '', listener, i);
  await told();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('halfClose');
});
