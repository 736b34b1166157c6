/**
 * The four methods of the Echo service. Every answer carries the address of
 * the listener that gave it, so that a caller sees which server it reached.
 */
import type { sendUnaryData } from '@grpc/grpc-js';
import type { EchoHandlers, EchoRequest__Output, EchoResponse } from '@petiole/echo-proto';

/** How many responses ServerStreamingEcho sends: as many as grpc-go's example server. */
export const SERVER_STREAM_LENGTH = 10;

/**
 * Handlers that answer `MESSAGE (from SERVING_ADDRESS)`.
 *
 * - UnaryEcho: one answer.
 * - ServerStreamingEcho: the same answer {@link SERVER_STREAM_LENGTH} times.
 * - ClientStreamingEcho: one answer to the last message, when the client has said all.
 * - BidirectionalStreamingEcho: an answer to each message, as it arrives.
 *
 * `servingAddress` is asked on every call: a listener on port 0 knows its address only once it is bound.
 */
export function echoHandlers(servingAddress: () => string): EchoHandlers {
  const answer = (request: EchoRequest__Output): EchoResponse => ({
    message: `${request.message} (from ${servingAddress()})`,
  });
  return {
    UnaryEcho(call, respond: sendUnaryData<EchoResponse>) {
      respond(null, answer(call.request));
    },
    ServerStreamingEcho(call) {
      for (let sent = 0; sent < SERVER_STREAM_LENGTH; sent++) call.write(answer(call.request));
      call.end();
    },
    ClientStreamingEcho(call, respond: sendUnaryData<EchoResponse>) {
      let last: EchoRequest__Output = { message: '' };
      call.on('data', (request: EchoRequest__Output) => {
        last = request;
      });
      call.on('end', () => respond(null, answer(last)));
    },
    BidirectionalStreamingEcho(call) {
      // A client that sends and does not read is read no further: its answers would fill the memory.
      call.on('data', (request: EchoRequest__Output) => {
        if (!call.write(answer(request))) call.pause();
      });
      call.on('drain', () => call.resume());
      call.on('end', () => call.end());
    },
  };
}
