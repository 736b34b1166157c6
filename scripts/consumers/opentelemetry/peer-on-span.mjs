import { InterceptingCall } from '@grpc/grpc-js';
import { trace } from '@opentelemetry/api';

/** An interceptor that puts the address that an RPC went to on its span. */
export function peerOnSpan(options, nextCall) {
  const span = trace.getActiveSpan();
  const call = nextCall(options);
  const tell = () => {
    const [, address, port] = /^\[?(.*?)\]?:(\d+)$/.exec(call.getPeer()) ?? [];
    if (address) span?.setAttributes({ 'network.peer.address': address, 'network.peer.port': Number(port) });
  };
  return new InterceptingCall(call, {
    start(metadata, _listener, next) {
      next(metadata, {
        onReceiveMetadata(received, pass) {
          tell(); // before the span ends
          pass(received);
        },
      });
    },
  });
}
