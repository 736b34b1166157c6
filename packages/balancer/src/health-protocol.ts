/**
 * The two messages of `grpc.health.v1.Health/Watch`, encoded by hand: one field
 * each, which is not worth a run-time dependency on a protobuf library.
 */

export const WATCH_METHOD = '/grpc.health.v1.Health/Watch';

/** `HealthCheckResponse.ServingStatus`, by number. */
const SERVING_STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;

export type ServingStatus = (typeof SERVING_STATUS)[number];

/** `HealthCheckRequest { string service = 1; }` */
export function encodeHealthCheckRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  if (name.length === 0) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
}

/** `HealthCheckResponse { ServingStatus status = 1; }`. A number from the future is UNKNOWN, as is an empty message. */
export function decodeHealthCheckResponse(message: Buffer): ServingStatus {
  let status = 0;
  for (let at = 0; at < message.length; ) {
    const [tag, afterTag] = readVarint(message, at);
    const [value, afterValue] = readVarint(message, afterTag);
    at = afterValue;
    switch (tag & 7) {
      case 0:
        if (tag >> 3 === 1) status = value;
        break;
      case 1:
        at = afterTag + 8;
        break;
      case 2:
        at = afterValue + value;
        break;
      case 5:
        at = afterTag + 4;
        break;
      default:
        throw new Error(`malformed HealthCheckResponse: wire type ${tag & 7}`);
    }
  }
  return SERVING_STATUS[status] ?? 'UNKNOWN';
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** The value and where the next field begins; beyond the end of the message it reads zeros. */
function readVarint(message: Buffer, start: number): [value: number, end: number] {
  let value = 0;
  let at = start;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = message[at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return [value, at];
}
