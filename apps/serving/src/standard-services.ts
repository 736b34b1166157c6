/**
 * What operators expect of any gRPC server beside its own service: health
 * checking, reflection (grpcurl and Postman work without a .proto file), and channelz.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { addAdminServicesToServer, type Server } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation, protoPath as healthProto } from 'grpc-health-check';
import { withCompleteDescriptors } from './complete-descriptors.js';

/** The health of a server and of its services; it may outlive the server, and serve with the next one. */
export class ServerHealth {
  readonly #implementation = new HealthImplementation();
  /** What health is asked for; `''` is the whole server. */
  readonly #names: readonly string[];

  constructor(services: readonly string[]) {
    this.#names = ['', ...services];
  }

  /** Tells those who watch, too. */
  set(serving: boolean): void {
    for (const name of this.#names) this.#implementation.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }

  addToServer(server: Server): void {
    this.#implementation.addToServer(server);
  }
}

/** Adds reflection (v1 and v1alpha) and channelz. The files are those of the server's own services. */
export function introspection(protoFiles: readonly string[]): (server: Server) => void {
  let reflection: ReflectionService | undefined;
  return (server) => {
    reflection ??= new ReflectionService(
      withCompleteDescriptors(loadSync([...protoFiles, ...STANDARD_PROTOS], { keepCase: true })),
    );
    reflection.addToServer(server);
    addAdminServicesToServer(server);
  };
}

/** So that a server lists itself completely. */
const { resolve } = createRequire(import.meta.url);
const reflectionProtos = join(dirname(resolve('@grpc/reflection')), '../proto/grpc/reflection');
const STANDARD_PROTOS = [
  healthProto,
  join(reflectionProtos, 'v1/reflection.proto'),
  join(reflectionProtos, 'v1alpha/reflection.proto'),
  resolve('@grpc/grpc-js/proto/channelz.proto'),
];
