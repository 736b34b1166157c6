/** Durations of service configs: proto3 JSON strings, `"1.5s"`. */

/** As grpc-js wants a `timeout`: whole seconds and the nanoseconds beyond. */
export interface Duration {
  readonly seconds: number;
  readonly nanos: number;
}

/** The largest number of seconds that a google.protobuf.Duration can hold: about 10,000 years. */
export const MAX_SECONDS = 315_576_000_000;

/** Reads `"5s"`, `"0.250s"`, at most nine decimals. Undefined for anything else, negative durations included. */
export function parseDuration(value: unknown): Duration | undefined {
  const match = typeof value === 'string' ? /^(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(value) : null;
  if (match === null) return undefined;
  const seconds = Number(match[1]);
  return seconds <= MAX_SECONDS ? { seconds, nanos: Number((match[2] ?? '').padEnd(9, '0')) } : undefined;
}
