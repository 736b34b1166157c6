/** Metrics of RPCs and their attempts (gRFCs A66, A96 and A108), with real servers. */
import { credentials, makeClientConstructor } from '@grpc/grpc-js';
import { openClient } from '@petiole/test-kit/clients';
import { startRpc } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { record } from './support/recorded.js';

const UNARY = '/petiole.test.Echo/Unary';
const METHOD = 'petiole.test.Echo/Unary';
const bytes = (value: Buffer): Buffer => value;

describe('an RPC', () => {
  test('is counted when it starts, and measured when it ends, with the labels of A66', async () => {
    const server = await startBackend();
    const recorded = record({ genericMethodAttributeFilter: () => true });
    const client = openClient(server.address);
    await startRpc(client).ended;

    const labels = { 'grpc.method': METHOD, 'grpc.target': `dns:///${server.address}` };
    expect(await recorded.points('grpc.client.attempt.started')).toMatchObject([{ labels, value: 1 }]);
    const ended = { ...labels, 'grpc.status': 'OK' };
    for (const name of ['grpc.client.attempt.duration', 'grpc.client.call.duration'] as const)
      expect(await recorded.points(name)).toMatchObject([{ labels: ended, count: 1 }]);
    for (const name of [
      'grpc.client.attempt.sent_total_compressed_message_size',
      'grpc.client.attempt.rcvd_total_compressed_message_size',
    ] as const)
      expect(await recorded.points(name)).toMatchObject([{ labels: ended, count: 1, value: 'hello'.length }]);
  });

  test('of a generated client has the name of its method, one of a made-up path is "other"', async () => {
    const server = await startBackend();
    const recorded = record();
    const definition = {
      path: UNARY,
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    } as const;
    const raw = openClient(server.address);
    await startRpc(raw).ended;
    const Generated = makeClientConstructor({ unary: definition }, 'Echo');
    const client = new Generated(server.address, credentials.createInsecure());
    onTestFinished(() => client.close());
    await new Promise((resolve) => client.unary?.(Buffer.from('hello'), resolve));

    const methods = (await recorded.points('grpc.client.attempt.started')).map(
      ({ labels }) => labels['grpc.method'],
    );
    expect(methods).toEqual(['other', METHOD]);
  });
});
