/** connectionScaling against servers that are not grpc-js's: a grpc-go server, and nginx. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { ChannelOptions, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { hear } from '@petiole/test-kit/hear';
import { start } from '@petiole/test-kit/processes/program';
import { startRpc } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { told } from '@petiole/test-kit/told';
import { beforeAll, describe, expect, test } from 'vitest';
import { leastRequest, type StreamsEvent } from '../../src/index.js';
import { openChannel } from '../support/fleet.js';
import { findNginx, startNginx } from '../support/nginx.js';
import type { TestChannel, TestChannelOptions } from '../support/test-channel.js';

leastRequest.register();

type Address = TestChannelOptions['endpoints'][number]['addresses'][number];

function open(
  address: Address,
  maxConnectionsPerSubchannel: number,
  channelOptions: ChannelOptions = {},
): TestChannel {
  return openChannel({
    endpoints: [{ addresses: [address] }],
    policy: leastRequest(),
    serviceConfig: { connectionScaling: { maxConnectionsPerSubchannel } },
    channelOptions,
  });
}

/** So many RPCs at once: what they were answered. */
function answers(channel: TestChannel, count: number): Promise<string[]> {
  const deadline = Date.now() + 15_000;
  return Promise.all(
    Array.from({ length: count }, async () => {
      const { answer, error } = await startRpc(channel.client, { deadline }).ended;
      if (error) throw error;
      return answer;
    }),
  );
}

/** How many have each of them, the most first. */
function shares(all: readonly string[]): number[] {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts.values()].sort((a, b) => b - a);
}

const oracles = join(import.meta.dirname, '../oracles');

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasGo())('a grpc-go server (skipped where Go is not installed)', () => {
  const program = join(oracles, 'streams-server');
  let binary: string;
  beforeAll(() => {
    binary = join(process.cwd(), 'node_modules/.cache/petiole/streams-server');
    const env = { ...process.env, GOTOOLCHAIN: 'local' };
    execFileSync('go', ['build', '-o', binary, program], { cwd: oracles, env, stdio: 'inherit' });
  }, 300_000);

  async function startServer(streams: number, together: number): Promise<Address> {
    const server = start([binary, `${streams}`, `${together}`]);
    return { host: '127.0.0.1', port: Number(await server.out.next()) };
  }

  test('has as many connections as RPCs need that it answers together', async () => {
    const channel = open(await startServer(10, 35), 5);
    expect(shares(await answers(channel, 35))).toEqual([10, 10, 10, 5]);
  });

  test('that announces no limit has one connection, and no RPC waits', async () => {
    const events: StreamsEvent[] = [];
    hear<StreamsEvent>(['petiole.endpoint.streams'], (event) => void events.push(event));
    const channel = open(await startServer(0, 150), 5);
    expect(shares(await answers(channel, 150))).toEqual([150]);
    await told();
    expect(events).toEqual([]);
  });
});

const nginx = await findNginx();

describe.skipIf(nginx === undefined)('nginx (skipped where it cannot be had)', () => {
  /** Answers with the number of the client's connection, all that are `together` at once. */
  async function startProxied(directives: string, together: number): Promise<Address> {
    let waiting: (() => void)[] = [];
    const backend = await startBackend({
      unary({ metadata }: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) {
        const [connection = ''] = metadata.get('x-connection');
        waiting.push(() => callback(null, Buffer.from(connection)));
        if (waiting.length < together) return;
        for (const answer of waiting) answer();
        waiting = [];
      },
    });
    return { path: await startNginx(nginx ?? '', backend.address, directives) };
  }

  test('passes as many RPCs on at a time as its connections have streams together', async () => {
    const channel = open(await startProxied('http2_max_concurrent_streams 10;', 35), 5);
    expect(shares(await answers(channel, 35))).toEqual([10, 10, 10, 5]);
  });

  test('ends one connection after some RPCs by a GOAWAY: no RPC fails, and another connection takes its place', async () => {
    const limits = 'http2_max_concurrent_streams 10; keepalive_requests 25;';
    // What a connection refuses as it ends, grpc-js sends again.
    const channel = open(await startProxied(limits, 15), 3, { 'grpc.enable_retries': 1 });
    const all: string[] = [];
    for (let burst = 0; burst < 12; burst++) all.push(...(await answers(channel, 15)));
    expect(all).toHaveLength(180);
    expect(shares(all).length).toBeGreaterThanOrEqual(180 / 25);
  });
});
