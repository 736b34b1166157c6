/** What the Echo service does with clients that are no good ones. */
import { once } from 'node:events';
import { type ClientHttp2Stream, connect } from 'node:http2';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { type EchoRequest__Output, type EchoResponse, EchoService } from '@petiole/echo-proto';
import { expect, onTestFinished, test } from 'vitest';
import { echoHandlers } from '../src/echo-handlers.js';

const MESSAGES = 500;
/** The frame of a request whose one field, of number 1, has 16,000 letters. */
const REQUEST = framed(Buffer.concat([Buffer.from([0x0a, 0x80, 0x7d]), Buffer.alloc(16_000, 'x')]));
const ANSWER = ' (from here)';

test('a dialogue whose client does not read is read no further, and goes on when it does', async () => {
  const { port, opened } = await serve();
  const stream = startDialogue(port);
  for (let sent = 0; sent < MESSAGES; sent++) stream.write(REQUEST);
  stream.end();
  const call = await opened;
  await once(call, 'pause');
  expect(call.writableLength).toBeLessThanOrEqual(call.writableHighWaterMark);

  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await once(stream, 'end');
  expect(bytes).toBe(MESSAGES * (REQUEST.length + ANSWER.length));
});

type Call = ServerDuplexStream<EchoRequest__Output, EchoResponse>;

async function serve(): Promise<{ readonly port: number; readonly opened: Promise<Call> }> {
  const server = new Server();
  onTestFinished(() => server.forceShutdown());
  const handlers = echoHandlers(() => 'here');
  const opened = new Promise<Call>((resolve) => {
    server.addService(EchoService, {
      ...handlers,
      BidirectionalStreamingEcho(call: Call) {
        resolve(call);
        handlers.BidirectionalStreamingEcho(call);
      },
    });
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, opened };
}

/** A client of gRPC would read some answers by itself. */
function startDialogue(port: number): ClientHttp2Stream {
  const session = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  return session.request({
    ':method': 'POST',
    ':path': EchoService.BidirectionalStreamingEcho.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
}

/** As gRPC sends it: whether it is compressed, its length, and the message. */
function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
