import { describe, expect, it } from 'vitest';
import { jsonLine, messageOf, oneLine, stackOf, thrownText, visible } from '../../src/internal.js';

describe('oneLine', () => {
  it('joins lines with one blank, whatever blanks stand around the breaks', () => {
    expect(oneLine('first  \r\n\n  second\n')).toBe('first second');
  });

  it('escapes what a terminal obeys, or what forges a line', () => {
    expect(oneLine('a\x1b[2Kb\x00\x7f\x9b\u2028c\u202e')).toBe('a\\x1b[2Kb\\x00\\x7f\\x9b c\\u202e');
  });

  it('cuts what is long, and says how long it was', () => {
    expect(oneLine('x'.repeat(501))).toBe(`${'x'.repeat(500)}… (501 characters)`);
    expect(oneLine('abcdef', 3)).toBe('abc… (6 characters)');
  });

  it('cuts before it looks at the text: a run of 60,000 blanks is none', () => {
    expect(oneLine(`${' '.repeat(60_000)}x`)).toBe('… (60001 characters)');
  });
});

it('visible escapes what JSON.stringify leaves as it is', () => {
  const text = 'a\x7f\x9b2K\u2028\u202e';
  expect(visible(JSON.stringify(text))).toBe('"a\\x7f\\x9b2K\\u2028\\u202e"');
});

it('jsonLine writes the same JSON in one line that a terminal may be shown', () => {
  const value = { text: 'a\x1b\x7f\x9b2K\u2028\u202e\n' };
  const line = jsonLine(value);
  expect(line).toBe('{"text":"a\\u001b\\u007f\\u009b2K\\u2028\\u202e\\n"}');
  expect(JSON.parse(line)).toEqual(value);
});

describe('the text of what was thrown', () => {
  it('is one line', () => {
    expect(messageOf(new Error('bad\nE 2026 forged'))).toBe('bad E 2026 forged');
    expect(thrownText(new TypeError('bad\x1b[31m'))).toBe('TypeError: bad\\x1b[31m');
  });

  it('exists for what has none', () => {
    expect(messageOf(Object.create(null))).toBe('something that has no text');
    expect(thrownText(null)).toBe('null');
  });

  it('is cut where its reader has no more room', () => {
    expect(messageOf(new Error('abcdef'), 3)).toBe('abc… (6 characters)');
  });
});

describe('the stack of what was thrown', () => {
  it('has its frames, and none that its message forges', () => {
    const stack = stackOf(new Error('bad\n    at forged (file:1:1)\x1b[2K'));
    expect(stack).toMatch(/^\n {4}at .*one-line\.test\.ts/);
    expect(stack).not.toMatch(/forged|2K/);
  });

  it('is empty for what has none', () => {
    expect([stackOf('text'), stackOf(null), stackOf(Object.assign(new Error('x'), { stack: 5 }))]).toEqual([
      '',
      '',
      '',
    ]);
  });
});
