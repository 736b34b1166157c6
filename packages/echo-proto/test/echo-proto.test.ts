/** The package's exports: the names and bytes on the wire, and the typed client against a real server. */
import { credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import {
  EchoClient,
  type EchoHandlers,
  type EchoRequest__Output,
  type EchoResponse__Output,
  EchoService,
  protoPath,
} from '../src/index.js';

describe('on the wire, as grpc-go has it', () => {
  test.each([
    ['UnaryEcho', false, false],
    ['ServerStreamingEcho', false, true],
    ['ClientStreamingEcho', true, false],
    ['BidirectionalStreamingEcho', true, true],
  ] as const)('%s: its path and which sides stream', (method, requestStream, responseStream) => {
    expect(EchoService[method]).toMatchObject({
      path: `/grpc.examples.echo.Echo/${method}`,
      requestStream,
      responseStream,
    });
  });

  test('the message is field 1, a string', () => {
    const bytes = Buffer.from([0x0a, 0x02, 0x68, 0x69]);
    expect(EchoService.UnaryEcho.requestSerialize({ message: 'hi' })).toEqual(bytes);
    expect(EchoService.UnaryEcho.responseSerialize({ message: 'hi' })).toEqual(bytes);
  });

  test('an absent message reads as the empty string', () => {
    expect(EchoService.UnaryEcho.requestDeserialize(Buffer.alloc(0))).toEqual({ message: '' });
  });
});

test('the description in the code says what the file at protoPath says', () => {
  expect(EchoService.UnaryEcho.requestType).toMatchObject({
    fileDescriptorProtos: loadSync(protoPath)['grpc.examples.echo.EchoRequest']?.fileDescriptorProtos,
  });
});

describe('EchoClient and EchoService', () => {
  const cleanups: (() => void)[] = [];
  afterEach(() => {
    for (const cleanup of cleanups.splice(0).reverse()) cleanup();
  });

  async function echo(): Promise<EchoClient> {
    const handlers: EchoHandlers = {
      UnaryEcho: (call, respond) => respond(null, { message: call.request.message }),
      ServerStreamingEcho: (call) => {
        call.write({ message: call.request.message });
        call.write({ message: 'end' });
        call.end();
      },
      ClientStreamingEcho: (call, respond) => {
        void call.toArray().then((requests: EchoRequest__Output[]) => {
          respond(null, { message: requests.map((request) => request.message).join(' ') });
        });
      },
      BidirectionalStreamingEcho: (call) => {
        call.on('data', (request: EchoRequest__Output) => call.write(request));
        call.on('end', () => call.end());
      },
    };
    const server = new Server();
    server.addService(EchoService, handlers);
    cleanups.push(() => server.forceShutdown());
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const client = new EchoClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
    });
    cleanups.push(() => client.close());
    return client;
  }

  test('the four methods carry typed messages both ways', async () => {
    const client = await echo();

    const unary = await new Promise<EchoResponse__Output | undefined>((resolve, reject) => {
      client.unaryEcho({ message: 'hello' }, (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
    expect(unary).toEqual({ message: 'hello' });

    const stream = await client.serverStreamingEcho({ message: 'start' }).toArray();
    expect(stream).toEqual([{ message: 'start' }, { message: 'end' }]);

    const joined = await new Promise((resolve, reject) => {
      const call = client.clientStreamingEcho((error, response) =>
        error ? reject(error) : resolve(response),
      );
      call.write({ message: 'two' });
      call.end({ message: 'words' });
    });
    expect(joined).toEqual({ message: 'two words' });

    const dialogue = client.bidirectionalStreamingEcho();
    dialogue.end({ message: 'back' });
    expect(await dialogue.toArray()).toEqual([{ message: 'back' }]);
  });

  test('types: a response always has its message, a request may leave it out', () => {
    expectTypeOf<EchoResponse__Output>().toEqualTypeOf<{ message: string }>();
    expectTypeOf<EchoClient['unaryEcho']>().toBeCallableWith({}, () => {});
    expectTypeOf(EchoClient).toBeConstructibleWith('localhost:50051', credentials.createInsecure());
  });
});
