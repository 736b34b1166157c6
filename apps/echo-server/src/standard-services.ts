/**
 * What operators expect of any gRPC server beside its own service: health
 * checking, reflection (grpcurl and Postman work without a .proto file), and channelz.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { addAdminServicesToServer, type Server } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as echoProto } from '@petiole/echo-proto';
import { HealthImplementation, protoPath as healthProto } from 'grpc-health-check';
import { withCompleteDescriptors } from './complete-descriptors.js';

/** The names that health is asked for: the whole server, and its service. */
const HEALTH_NAMES = ['', 'grpc.examples.echo.Echo'] as const;

/** The health of one listener; it outlives the servers that the listener starts and stops. */
export class ListenerHealth {
  readonly #implementation = new HealthImplementation();

  /** Tells those who watch, too. */
  set(serving: boolean): void {
    for (const name of HEALTH_NAMES)
      this.#implementation.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }

  addToServer(server: Server): void {
    this.#implementation.addToServer(server);
  }
}

/** Adds reflection (v1 and v1alpha) and channelz. */
export function addIntrospection(server: Server): void {
  reflection ??= new ReflectionService(withCompleteDescriptors(loadSync(PROTO_FILES, { keepCase: true })));
  reflection.addToServer(server);
  addAdminServicesToServer(server);
}

let reflection: ReflectionService | undefined;

/** Everything that a listener offers, so that it lists itself completely. */
const { resolve } = createRequire(import.meta.url);
const reflectionProtos = join(dirname(resolve('@grpc/reflection')), '../proto/grpc/reflection');
const PROTO_FILES = [
  echoProto,
  healthProto,
  join(reflectionProtos, 'v1/reflection.proto'),
  join(reflectionProtos, 'v1alpha/reflection.proto'),
  resolve('@grpc/grpc-js/proto/channelz.proto'),
];
