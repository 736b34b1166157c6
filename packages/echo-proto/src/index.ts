/**
 * `grpc.examples.echo`: the .proto file, its types, a typed client and the
 * service definition, wire-compatible with the examples of grpc-go.
 */
import { fileURLToPath } from 'node:url';
import { type ChannelCredentials, type ClientOptions, loadPackageDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { descriptor } from './generated/descriptor.js';
import type { ProtoGrpcType } from './generated/echo.js';
import type {
  EchoClient as EchoClientInstance,
  EchoDefinition,
} from './generated/grpc/examples/echo/Echo.js';

export type { EchoDefinition, EchoHandlers } from './generated/grpc/examples/echo/Echo.js';
export type { EchoRequest, EchoRequest__Output } from './generated/grpc/examples/echo/EchoRequest.js';
export type { EchoResponse, EchoResponse__Output } from './generated/grpc/examples/echo/EchoResponse.js';

/**
 * Absolute path of `grpc/examples/echo/echo.proto`, which ships in this package. Nothing here reads it; where a bundler has
 * taken this module in, there is no such file.
 */
export const protoPath: string = fileURLToPath(
  // A bundler that makes CommonJS of an ES module leaves no address to start from.
  new URL('../proto/grpc/examples/echo/echo.proto', import.meta.url ?? 'file:///'),
);

// The options that the generated types were generated with.
const definition = fromJSON(descriptor as Parameters<typeof fromJSON>[0], {
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});
const { Echo } = (loadPackageDefinition(definition) as unknown as ProtoGrpcType).grpc.examples.echo;

/** A client of the Echo service; its four methods exist as `UnaryEcho` and as `unaryEcho`. */
export type EchoClient = EchoClientInstance;

/** `new EchoClient(target, credentials, options?)`: the typed constructor of a client of the Echo service. */
export const EchoClient: new (
  target: string,
  credentials: ChannelCredentials,
  options?: Partial<ClientOptions>,
) => EchoClient = Echo;

/** The definition of the Echo service, for `server.addService(EchoService, handlers)` with {@link EchoHandlers}. */
export const EchoService: EchoDefinition = Echo.service;
