/** Foreign texts and values in messages. */
import { expect, test } from 'vitest';
import { quote, show, withoutPassword } from '../../src/internal.js';

test('they have nothing that a terminal obeys', () => {
  expect(quote('a\u001b[2K\u007f\u009b31m\u2028')).toBe('"a\\u001b[2K\\x7f\\x9b31m\\u2028"');
  expect(show({ 'a\u009b': '\u2028' })).toBe('{"a\\x9b":"\\u2028"}');
});

test('they are cut after 80 characters', () => {
  const long = 'x'.repeat(100);
  expect(quote(long)).toBe(`"${'x'.repeat(80)}"… (100 characters)`);
  expect(show(long)).toBe(quote(long));
  expect(show([long])).toBe(`["${'x'.repeat(78)}…`);
});

test('what has no text is named', () => {
  let deep: unknown = [];
  for (let level = 0; level < 100_000; level += 1) deep = [deep];
  const values = [deep, Object.create(null), Symbol('x'), 5n, () => 1, undefined, Number.NaN];
  expect(values.map(show)).toEqual([
    'an array that is no JSON',
    '{}',
    'a symbol',
    '5n',
    'a function',
    'undefined',
    'NaN',
  ]);
});

test('a password is hidden', () => {
  expect(quote('dns://user:pa55@host/x')).toBe('"dns://user:***@host/x"');
  expect(withoutPassword('dns:host.example:443')).toBe('dns:host.example:443');
});
