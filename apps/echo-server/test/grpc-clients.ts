/** Clients of everything that a listener offers, and promises of their answers. */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  type ChannelCredentials,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientReadableStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { EchoClient } from '@petiole/echo-proto';
import { protoPath as healthProto } from 'grpc-health-check';
import { onTestFinished } from 'vitest';

const DEADLINE_MS = 20_000;

/** A client of the Echo service that is closed when the test ends, with connections of its own. */
export function echoClient(
  target: string,
  options: ClientOptions = {},
  channel: ChannelCredentials = credentials.createInsecure(),
): EchoClient {
  const client = new EchoClient(target, channel, {
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
    ...options,
  });
  onTestFinished(() => client.close());
  return client;
}

export function unaryEcho(client: EchoClient, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    client.unaryEcho({ message }, { deadline: Date.now() + DEADLINE_MS }, (error, response) => {
      if (error !== null) reject(error);
      else resolve(response?.message ?? '');
    });
  });
}

const { resolve } = createRequire(import.meta.url);
const reflectionProto = (version: string): string =>
  join(dirname(resolve('@grpc/reflection')), `../proto/grpc/reflection/${version}/reflection.proto`);

/** Answers are what proto-loader makes of them. */
export type Answer = Readonly<Record<string, unknown>>;

/** A client of one of the standard services, with the methods that these tests call. */
interface StandardClient {
  close(): void;
  unary(method: string, request: object): Promise<Answer>;
  serverStream(method: string, request: object): ClientReadableStream<Answer>;
  duplex(method: string): ClientDuplexStream<object, Answer>;
}

function standardClient(protoFile: string, service: string, target: string): StandardClient {
  const loaded = loadPackageDefinition(loadSync(protoFile, { enums: String, longs: Number }));
  const Client = service
    .split('.')
    .reduce<unknown>((inner, name) => (inner as GrpcObject)[name], loaded) as ServiceClientConstructor;
  const client = new Client(target, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
  onTestFinished(() => client.close());
  const call = (method: string, ...args: readonly unknown[]): unknown => client[method]?.(...args);
  return {
    close: () => client.close(),
    unary: (method, request) =>
      new Promise((done, failed) => {
        call(
          method,
          request,
          { deadline: Date.now() + DEADLINE_MS },
          (error: ServiceError | null, answer: Answer) => (error === null ? done(answer) : failed(error)),
        );
      }),
    serverStream: (method, request) => call(method, request) as ClientReadableStream<Answer>,
    duplex: (method) => call(method) as ClientDuplexStream<object, Answer>,
  };
}

export function healthClient(target: string): StandardClient {
  return standardClient(healthProto, 'grpc.health.v1.Health', target);
}

export function reflectionClient(target: string, version: 'v1' | 'v1alpha'): StandardClient {
  return standardClient(reflectionProto(version), `grpc.reflection.${version}.ServerReflection`, target);
}

export function channelzClient(target: string): StandardClient {
  return standardClient(resolve('@grpc/grpc-js/proto/channelz.proto'), 'grpc.channelz.v1.Channelz', target);
}

export function portOf(address: string | undefined): number {
  return Number(address?.slice(address.lastIndexOf(':') + 1));
}
