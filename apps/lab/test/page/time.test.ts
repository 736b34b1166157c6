/** The strip, the log and numbers. */
import { expect, it } from 'vitest';
import { age, clock, milliseconds, percent, rate } from '../../src/page/look/numbers.js';
import { matches } from '../../src/page/time/filter.js';
import { inWords, runsOf } from '../../src/page/time/runs.js';
import type { LabEvent } from '../../src/protocol.js';
import { Ring } from '../../src/ring.js';

const picksOf = (text: string) =>
  text.split(' ').map((pick) => ({ server: Number(pick[0]), failed: pick.endsWith('x') || pick === '0' }));

it('equal neighbours of the strip are one run, in which each attempt has failed or not', () => {
  expect(runsOf(picksOf('1 1 1x 2 2 0 1'))).toEqual([
    { server: 1, failed: [false, false, true] },
    { server: 2, failed: [false, false] },
    { server: 0, failed: [true] },
    { server: 1, failed: [false] },
  ]);
});

it('the strip in words has its order, and says what failed', () => {
  expect(inWords(picksOf('1 1 2x 2x 3 3x 0'))).toBe(
    'The last 7 attempts in the order in which they were sent, the newest last: ' +
      '2 to 1, 2 to 2 (failed), 2 to 3 (1 failed), 1 to none.',
  );
  expect(inWords([])).toBe('No RPC was sent yet.');
});

it('the log is filtered by kind, server and time; what concerns no server concerns all', () => {
  const event: LabEvent = { number: 1, at: 500, kind: 'health', server: 2, text: 'SERVING' };
  const always = { from: 0, to: 1_000 };
  expect(matches(event, always)).toBe(true);
  expect(matches(event, { ...always, kind: 'server' })).toBe(false);
  expect(matches(event, { ...always, server: 1 })).toBe(false);
  expect(matches({ ...event, server: undefined } as unknown as LabEvent, { ...always, server: 1 })).toBe(
    true,
  );
  expect(matches(event, { from: 501, to: 1_000 })).toBe(false);
  expect(matches(event, { from: 0, to: 499 })).toBe(false);
});

it('a ring keeps the newest, and gives them in their order', () => {
  const ring = new Ring<number>(3);
  for (const item of [1, 2, 3, 4, 5]) ring.add(item);
  expect([ring.at(0), ring.at(1), ring.at(2), ring.at(3), ring.at(-1), ring.at(-4)]).toEqual([
    3,
    4,
    5,
    undefined,
    5,
    undefined,
  ]);
  expect(ring.all()).toEqual([3, 4, 5]);
  const seen: number[] = [];
  ring.backwards((item) => seen.push(item) < 2);
  expect(seen).toEqual([5, 4]);
});

it('numbers have few digits', () => {
  expect([0.044, 4.44, 44.4, 4_444, undefined].map(milliseconds)).toEqual([
    '0.04 ms',
    '4.4 ms',
    '44 ms',
    '4.4 s',
    '–',
  ]);
  expect([rate(4.44), rate(44.4), percent(0.333)]).toEqual(['4.4', '44', '33 %']);
  expect([clock(4_440), clock(245_000)]).toEqual(['4.4 s', '4:05']);
  expect([age(59_900), age(245_000), age(7_300_000)]).toEqual(['59 s', '4 min', '2 h']);
});
