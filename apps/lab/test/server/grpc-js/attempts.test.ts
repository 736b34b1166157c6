/** What is read of grpc-js's calls beyond its public API: attempts, where they went, and which of them wait for a stream. */
import {
  credentials,
  InterceptingCall,
  type Interceptor,
  Server,
  ServerCredentials,
  type ServerOptions,
  status,
} from '@grpc/grpc-js';
import { EchoClient, type EchoHandlers, EchoService } from '@petiole/echo-proto';
import { expect, onTestFinished, test } from 'vitest';
import {
  type AttemptCall,
  attemptsOf,
  type NextCall,
  transportOf,
  waitersOn,
  watchAttempts,
} from '../../../src/server/grpc-js/attempts.js';

/** A server that refuses as many RPCs as it is told to, and keeps streams open. */
async function serve(refusals: number, options: ServerOptions = {}): Promise<string> {
  const server = new Server(options);
  let left = refusals;
  const stream = () => {};
  const handlers: EchoHandlers = {
    UnaryEcho: (call, respond) =>
      left-- > 0 ? respond({ code: status.UNAVAILABLE, details: 'not now' }) : respond(null, call.request),
    ServerStreamingEcho: stream,
    ClientStreamingEcho: stream,
    BidirectionalStreamingEcho: stream,
  };
  server.addService(EchoService, handlers);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  onTestFinished(() => server.forceShutdown());
  return `127.0.0.1:${port}`;
}

const retryPolicy = {
  maxAttempts: 3,
  initialBackoff: '0.001s',
  maxBackoff: '0.01s',
  backoffMultiplier: 1,
  retryableStatusCodes: ['UNAVAILABLE'],
};

function connect(address: string, interceptor?: Interceptor): EchoClient {
  const client = new EchoClient(address, credentials.createInsecure(), {
    ...(interceptor && { interceptors: [interceptor] }),
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.service_config': JSON.stringify({
      loadBalancingConfig: [{ round_robin: {} }],
      methodConfig: [{ name: [{}], retryPolicy }],
    }),
  });
  onTestFinished(() => client.close());
  return client;
}

const answer = (client: EchoClient): Promise<unknown> =>
  new Promise((resolve, reject) =>
    client.unaryEcho({ message: 'x' }, (error, value) => (error ? reject(error) : resolve(value))),
  );

test('every attempt is shown, with its own end and peer, and the RPC knows how many it took', async () => {
  const address = await serve(2);
  const calls: NextCall[] = [];
  const client = connect(address, (options, nextCall) => {
    const call = nextCall(options);
    calls.push(call);
    return new InterceptingCall(call);
  });
  const seen: { call: AttemptCall; atFirst: string; code?: status }[] = [];
  watchAttempts(client.getChannel(), (call) => {
    const attempt: (typeof seen)[number] = { call, atFirst: call.getPeer() };
    seen.push(attempt);
    return ({ code }) => {
      attempt.code = code;
    };
  });
  await answer(client);
  expect(seen.map(({ code }) => code)).toEqual([status.UNAVAILABLE, status.UNAVAILABLE, status.OK]);
  expect(seen.map(({ call }) => call.getPeer())).toEqual([address, address, address]);
  expect(seen[0]?.atFirst).toBe(client.getChannel().getTarget());
  const [rpc] = calls;
  expect(rpc && attemptsOf(rpc).map((call) => seen.findIndex((attempt) => attempt.call === call))).toEqual([
    0, 1, 2,
  ]);
});

test('attempts beyond the streams that a server allows are those that wait', async () => {
  const client = connect(await serve(0, { 'grpc.max_concurrent_streams': 2 }));
  const attempts: AttemptCall[] = [];
  watchAttempts(client.getChannel(), (call) => {
    attempts.push(call);
    return () => {};
  });
  await answer(client);
  const streams = [1, 2, 3, 4, 5].map(() => client.bidirectionalStreamingEcho());
  for (const stream of streams) stream.on('error', () => {});
  await expect.poll(() => attempts.slice(1).every((call) => transportOf(call) !== undefined)).toBe(true);
  const [, first] = attempts;
  const transport = first && transportOf(first);
  expect(transport && waitersOn(transport)).toBe(3);
  const ended = streams.map((stream) => new Promise((resolve) => stream.on('status', resolve)));
  for (const stream of streams) stream.cancel();
  await Promise.all(ended);
  expect(transport && waitersOn(transport)).toBe(0);
});

test('a channel that makes attempts in another way is told, and not guessed at', () => {
  expect(() => watchAttempts({} as ReturnType<EchoClient['getChannel']>, () => () => {})).toThrow(
    'this grpc-js has no channel.internalChannel.createLoadBalancingCall()',
  );
});
