/** A generated client of the backends' service, as a program has one. */
import {
  type ChannelOptions,
  type Client,
  type ClientUnaryCall,
  credentials,
  makeClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { BIDI, UNARY } from '@petiole/test-kit/backend';
import { onTestFinished } from 'vitest';

const bytes = (value: Buffer): Buffer => value;
const codec = {
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};

export const EchoClient = makeClientConstructor(
  {
    unary: { path: UNARY, requestStream: false, responseStream: false, ...codec },
    bidi: { path: BIDI, requestStream: true, responseStream: true, ...codec },
  },
  'petiole.test.Echo',
);

/** Closed when the test ends. */
export function openEchoClient(target: string, options: ChannelOptions = {}): Client {
  const client = new EchoClient(target, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    ...options,
  });
  onTestFinished(() => client.close());
  return client;
}

export interface UnaryOptions {
  readonly deadline?: number;
  /** Told of the call at once. */
  readonly started?: (call: ClientUnaryCall) => void;
}

/** One RPC by the generated method; its error if it fails. */
export function unary(
  client: Client,
  request: string,
  { started, ...options }: UnaryOptions = {},
): Promise<ServiceError | null> {
  return new Promise((resolve) => {
    const { unary } = client as unknown as { unary: (...args: unknown[]) => ClientUnaryCall };
    const call = unary.call(client, Buffer.from(request), options, resolve);
    started?.(call);
  });
}
