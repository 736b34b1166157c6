/**
 * The two messages of `grpc.health.v1.Health/Watch`, read and written by hand:
 * one field each, which is not worth a run-time dependency on a protobuf library.
 */
import type { ServingStatus } from '../events/endpoint-events.js';

export const WATCH_METHOD = '/grpc.health.v1.Health/Watch';

/** What grpc-js says, with UNIMPLEMENTED, when an HTTP server or a proxy answers with 404 (B21). No gRPC server sent that. */
export const HTTP_NOT_FOUND = 'Received HTTP status code 404';

/** `HealthCheckResponse.ServingStatus`, by number. */
const SERVING_STATUS: readonly ServingStatus[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

// Wire types of the protobuf encoding.
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** `HealthCheckRequest { string service = 1; }` */
export function encodeHealthCheckRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  if (name.length === 0) return name;
  return Buffer.concat([Buffer.from([(1 << 3) | LENGTH_DELIMITED, ...varint(name.length)]), name]);
}

/**
 * `HealthCheckResponse { ServingStatus status = 1; }`. An empty message is UNKNOWN, and so is a number that this
 * version does not know. Other fields are skipped.
 *
 * @throws Error if the bytes are no protobuf message
 */
export function decodeHealthCheckResponse(message: Buffer): ServingStatus {
  let status = 0;
  for (let at = 0; at < message.length; ) {
    const [tag, start] = readVarint(message, at);
    const wireType = tag % 8;
    if (wireType === VARINT) {
      const [value, end] = readVarint(message, start);
      if (Math.floor(tag / 8) === 1) status = value;
      at = end;
    } else if (wireType === LENGTH_DELIMITED) {
      const [length, end] = readVarint(message, start);
      at = end + length;
    } else if (wireType === FIXED64 || wireType === FIXED32) {
      at = start + (wireType === FIXED64 ? 8 : 4);
    } else {
      throw new Error(`malformed HealthCheckResponse: wire type ${wireType}`);
    }
    if (at > message.length) throw truncated();
  }
  return SERVING_STATUS[status] ?? 'UNKNOWN';
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return bytes;
}

/** The value, above 2^53 only roughly, and where the next thing begins. */
function readVarint(message: Buffer, start: number): [value: number, end: number] {
  let value = 0;
  for (let at = start, scale = 1; at < start + 10; at++, scale *= 128) {
    const byte = message[at];
    if (byte === undefined) throw truncated();
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, at + 1];
  }
  throw new Error('malformed HealthCheckResponse: a varint of more than ten bytes');
}

function truncated(): Error {
  return new Error('malformed HealthCheckResponse: it ends in the middle of a field');
}
