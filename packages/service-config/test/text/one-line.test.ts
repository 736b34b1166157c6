import { describe, expect, it } from 'vitest';
import { messageOf, oneLine, thrownText } from '../../src/internal.js';

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

describe('the text of what was thrown', () => {
  it('is one line', () => {
    expect(messageOf(new Error('bad\nE 2026 forged'))).toBe('bad E 2026 forged');
    expect(thrownText(new TypeError('bad\x1b[31m'))).toBe('TypeError: bad\\x1b[31m');
  });

  it('exists for what has none', () => {
    expect(messageOf(Object.create(null))).toBe('something that has no text');
    expect(thrownText(null)).toBe('null');
  });
});
