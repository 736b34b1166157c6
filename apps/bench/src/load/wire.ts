/** The benchmark's methods on the wire: messages are bytes, so that no codec is measured. */
import type { MethodDefinition } from '@grpc/grpc-js';

export const UNARY = '/petiole.bench.Echo/Unary';
export const WATCH = '/grpc.health.v1.Health/Watch';

export const bytes = (value: Buffer): Buffer => value;

export function method(path: string, { responseStream = false } = {}): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: false,
    responseStream,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
}
