/** Durations of service configs: proto3 JSON strings, `"1.5s"`, and the times that grpc-js and Node can keep. */
import { isNumber, isString, own } from './json.js';

/** As grpc-js wants a `timeout`: whole seconds and the nanoseconds beyond. */
export interface Duration {
  readonly seconds: number;
  readonly nanos: number;
}

/** The largest number of seconds that a google.protobuf.Duration can hold: about 10,000 years. */
export const MAX_SECONDS = 315_576_000_000;

/** The longest time that Node's timers can wait, in whole seconds; a longer one ends after a millisecond. */
export const MAX_TIMER_S = 2_147_483;

/** Reads `"5s"`, `"0.250s"`, at most nine decimals. Undefined for anything else, negative durations included. */
export function parseDuration(value: unknown): Duration | undefined {
  const [, whole, fraction = ''] = (isString(value) && /^(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(value)) || [];
  const seconds = Number(whole ?? Number.NaN);
  return seconds <= MAX_SECONDS ? { seconds, nanos: Number(fraction.padEnd(9, '0')) } : undefined;
}

/** The milliseconds of a Duration as a string or an object; NaN of what is none. */
export function durationMs(value: unknown): number {
  const { seconds, nanos } = own(isString(value) ? parseDuration(value) : value);
  return isNumber(seconds) && isNumber(nanos) ? seconds * 1000 + nanos / 1e6 : Number.NaN;
}

/** What grpc-js makes of a `timeout` in the form of proto3 JSON: `"0.5s"` is 5 ns to it (fact S1). */
export function asGrpcJsReads(timeout: string): Duration {
  const [seconds, fraction = 0] = timeout.slice(0, -1).split('.');
  return { seconds: Number(seconds) | 0, nanos: Number(fraction) | 0 };
}

/** True for the strings that grpc-js takes for Durations: any number of seconds, at most nine decimals. */
export function grpcJsAccepts(value: unknown): value is string {
  return isString(value) && /^\d+(\.\d{1,9})?s$/.test(value);
}
