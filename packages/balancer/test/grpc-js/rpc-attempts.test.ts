/**
 * What rpc-attempts.ts stands on, in the newest and the oldest grpc-js: one `extraPickInfo` for all picks of an RPC, and
 * metadata with the same options.
 */

import { constants } from 'node:http2';
import * as newest from '@grpc/grpc-js';
import { UNARY } from '@petiole/test-kit/backend';
import { startHttp2 } from '@petiole/test-kit/http2-server';
import { startFleet } from '@petiole/test-kit/servers';
import * as oldest from 'grpc-js-oldest';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { pickingAround } from '../support/policy-around.js';

const infoOf = ({ extraPickInfo }: newest.experimental.PickArgs): object => extraPickInfo;
const optionsOf = ({ metadata }: newest.experimental.PickArgs): object => metadata.getOptions();

describe.each([
  ['the newest', newest],
  ['the oldest', oldest as unknown as typeof newest],
])('%s grpc-js of the range', (_, grpc) => {
  const picks: newest.experimental.PickArgs[] = [];
  let policy: newest.LoadBalancingConfig;
  beforeAll(() => {
    policy = pickingAround(grpc, 'noting', { round_robin: {} }, (result, args) => {
      picks.push(args);
      return result;
    });
  });

  /** Sends an RPC, and answers with what its picks were given. */
  async function picksOf(client: newest.Client): Promise<newest.experimental.PickArgs[]> {
    const before = picks.length;
    const same = (value: Buffer): Buffer => value;
    await new Promise((resolve) => client.makeUnaryRequest(UNARY, same, same, Buffer.from('x'), resolve));
    return picks.slice(before);
  }

  function open(ports: readonly number[], methodConfig: object[]): newest.Client {
    const client = new grpc.Client(
      `ipv4:${ports.map((port) => `127.0.0.1:${port}`)}`,
      grpc.credentials.createInsecure(),
      { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [policy], methodConfig }) },
    );
    onTestFinished(() => client.close());
    return client;
  }

  /** All the same, and another object for each RPC; `extraPickInfo` can hold a symbol. */
  async function expectOnePerRpc(client: newest.Client, count: number): Promise<void> {
    const [first, second] = [await picksOf(client), await picksOf(client)];
    expect([first.length, second.length]).toEqual([count, count]);
    for (const identity of [infoOf, optionsOf]) {
      const [one, other] = [first.map(identity), second.map(identity)];
      expect([new Set(one).size, new Set(other).size]).toEqual([1, 1]);
      expect(one[0]).not.toBe(other[0]);
    }
    expect(Object.isExtensible(first.map(infoOf)[0])).toBe(true);
  }

  const retries = { initialBackoff: '0.001s', maxBackoff: '0.001s', backoffMultiplier: 1 };
  const failing = () =>
    startFleet(1, { unary: (_call, callback) => callback({ code: newest.status.UNAVAILABLE, details: '' }) });

  test.each([
    ['retries', { retryPolicy: { maxAttempts: 3, ...retries, retryableStatusCodes: ['UNAVAILABLE'] } }],
    [
      'hedges',
      { hedgingPolicy: { maxAttempts: 3, hedgingDelay: '60s', nonFatalStatusCodes: ['UNAVAILABLE'] } },
    ],
  ])(
    'gives the picks of an RPC and its %s one object, and one of options, and each RPC another',
    async (_how, policyOfRpc) => {
      const [backend] = await failing();
      const client = open([backend?.port ?? 0], [{ name: [{}], ...policyOfRpc }]);
      await expectOnePerRpc(client, 3);
    },
  );

  test('gives the pick of its own repetition of a refused stream the objects of the first one', async () => {
    const { port } = await startHttp2((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    await expectOnePerRpc(open([port], []), 2);
  });
});
