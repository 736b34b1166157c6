/** How option values are read. Each reader throws commander's error, which adds the option and the value. */
import { InvalidArgumentError } from 'commander';
import { LONGEST_TIMER_MS } from '../load/load.js';

/** A whole number within bounds. */
export function integer(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`Allowed is a whole number from ${minimum} to ${maximum}.`);
  };
}

/** A number above 0, fractions too. */
export function positive(maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d*\.?\d+$/.test(text) && value > 0 && value <= maximum) return value;
    throw new InvalidArgumentError(`Allowed is a number above 0, at most ${maximum}.`);
  };
}

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** A span of time in milliseconds from `10` (seconds), `2.5s`, `250ms` or `1m`. */
export function duration({ zero }: { readonly zero: boolean }): (text: string) => number {
  return (text) => {
    const [, amount, unit = 's'] = /^(\d*\.?\d+)(ms|s|m)?$/.exec(text) ?? [];
    const ms = amount === undefined ? Number.NaN : Math.round(Number(amount) * (MS_PER_UNIT[unit] ?? 1_000));
    if (ms >= (zero ? 0 : 1) && ms <= LONGEST_TIMER_MS) return ms;
    throw new InvalidArgumentError(
      `Allowed is a time of ${zero ? '0' : '1 ms'} or more, in seconds or with a unit: 10, 2.5s, 250ms, 1m.`,
    );
  };
}

/** An address to listen on: `127.0.0.1:50053`, `[::1]:50053`, `localhost:0`, or `:50053` for all interfaces. */
export function listenAddress(text: string): string {
  const [, host, port] = /^(\[[0-9A-Fa-f:.]+\]|[^[\]:\s/]*):(\d{1,5})$/.exec(text) ?? [];
  if (host !== undefined && Number(port) <= 65_535) return host === '' ? `[::]:${port}` : text;
  throw new InvalidArgumentError('Allowed is HOST:PORT, [IPV6]:PORT or :PORT, with port 0 for any free one.');
}
