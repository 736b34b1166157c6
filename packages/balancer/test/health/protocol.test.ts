/** The bytes of the health checking protocol, against those of grpc-health-check's protobuf library. */
import * as health from 'grpc-health-check';
import { describe, expect, test } from 'vitest';
import { decodeHealthCheckResponse, encodeHealthCheckRequest } from '../../src/health/protocol.js';

const watch = (
  health.service as unknown as Record<
    string,
    { requestDeserialize(bytes: Buffer): unknown; responseSerialize(value: object): Buffer }
  >
).Watch;
if (watch === undefined) throw new Error('grpc-health-check has no Watch');

describe('the request', () => {
  test.each([
    ['no name: the server as a whole', ''],
    ['a name', 'grpc.examples.echo.Echo'],
    ['a name of two-byte characters', 'übersetzung'],
    ['127 bytes, the last one-byte length', 'x'.repeat(127)],
    ['128 bytes, the first two-byte length', 'x'.repeat(128)],
    ['20000 bytes, a three-byte length', 'x'.repeat(20_000)],
  ])('%s is what protobuf reads', (_, service) => {
    expect(watch.requestDeserialize(encodeHealthCheckRequest(service))).toEqual({ service });
  });
});

describe('the response', () => {
  test.each(['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'])(
    '%s is read as protobuf writes it',
    (status) => {
      expect(decodeHealthCheckResponse(Buffer.from(watch.responseSerialize({ status })))).toBe(status);
    },
  );

  test.each([
    ['an empty message', []],
    ['a status that does not exist yet', [0x08, 4]],
    ['a negative status', [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a status in another wire type', [0x0d, 1, 0, 0, 0]],
  ])('%s is UNKNOWN', (_, bytes) => {
    expect(decodeHealthCheckResponse(Buffer.from(bytes))).toBe('UNKNOWN');
  });

  test('the last of several statuses counts', () => {
    expect(decodeHealthCheckResponse(Buffer.from([0x08, 1, 0x08, 2]))).toBe('NOT_SERVING');
  });

  test.each([
    ['a varint', [0x10, 0x96, 0x01]],
    ['a 64-bit number', [0x11, 1, 2, 3, 4, 5, 6, 7, 8]],
    ['a string', [0x1a, 3, 0x61, 0x62, 0x63]],
    ['a 32-bit number', [0x25, 1, 2, 3, 4]],
    ['a field of a five-byte tag', [0xf8, 0xff, 0xff, 0xff, 0x0f, 1]],
  ])('an unknown field, %s, is skipped', (_, field) => {
    expect(decodeHealthCheckResponse(Buffer.from([...field, 0x08, 1]))).toBe('SERVING');
    expect(decodeHealthCheckResponse(Buffer.from([0x08, 1, ...field]))).toBe('SERVING');
  });

  test.each([
    ['ends after a tag', [0x08], 'in the middle of a field'],
    ['ends within a varint', [0x08, 0x80], 'in the middle of a field'],
    ['ends within a string', [0x1a, 9, 0x61], 'in the middle of a field'],
    ['ends within a 64-bit number', [0x11, 1], 'in the middle of a field'],
    ['ends within a 32-bit number', [0x25, 1], 'in the middle of a field'],
    ['has a varint without end', [0x08, ...Array<number>(11).fill(0x80)], 'more than ten bytes'],
    ['has a wire type that does not exist', [0x0f, 1], 'wire type 7'],
    ['is HTML', [...Buffer.from('<html>not found</html>')], 'malformed HealthCheckResponse'],
  ])('a message that %s is malformed', (_, bytes, error) => {
    expect(() => decodeHealthCheckResponse(Buffer.from(bytes))).toThrow(error);
  });
});
