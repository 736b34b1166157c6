/** The strip, the log and numbers. */
import { expect, it } from 'vitest';
import { age, clock, milliseconds, percent, rate } from '../../src/page/look/numbers.js';
import { matches } from '../../src/page/time/filter.js';
import { layOut, marksInWords } from '../../src/page/time/marks.js';
import { inWords, runsOf } from '../../src/page/time/runs.js';
import { spread } from '../../src/page/time/spread.js';
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

it('numbers beside a plot are moved apart, keep their order, and stay within it', () => {
  expect(spread([50, 10, 80], 12, 0, 100)).toEqual([50, 10, 80]);
  expect(spread([50, 50, 51], 12, 0, 100)).toEqual([50, 62, 74]);
  expect(spread([99, 98, 100], 12, 0, 100)).toEqual([88, 76, 100]);
});

it('words of marks do not cover each other: those at one place are one, the newest has its room first', () => {
  const widthOf = (text: string): number => text.length * 6;
  const marks = [
    { x: 10, text: 'first' },
    { x: 12, text: 'second' },
    { x: 60, text: 'third one here' },
    { x: 70, text: 'fourth one' },
    { x: 190, text: 'the last one' },
  ];
  const lines = layOut(marks, 200, widthOf);
  expect(lines.map(({ x }) => x)).toEqual([190, 70, 60, 10]);
  expect(lines[0]?.label).toEqual({ text: 'the last one', left: 128, row: 0 });
  const words = lines.flatMap(({ label }) => (label === undefined ? [] : [label]));
  for (const one of words)
    for (const other of words)
      if (one !== other && one.row === other.row)
        expect(
          one.left + widthOf(one.text) <= other.left || other.left + widthOf(other.text) <= one.left,
        ).toBe(true);
  expect(layOut(marks.slice(0, 2), 200, widthOf)[0]?.label?.text).toBe('first, second');
});

it('marks are told in words, those of the time that is shown', () => {
  const marks = [
    { at: 500, text: 'reset' },
    { at: 2_000, text: 'server 2 +250 ms' },
    { at: 3_000, text: 'peak_ewma' },
  ];
  expect(marksInWords(marks, 1_000, 4_000)).toBe(
    'Done meanwhile: server 2 +250 ms at 2.0 s; peak_ewma at 3.0 s.',
  );
  expect(marksInWords(marks, 4_000, 5_000)).toBe('');
});
