/** The fields of a policy's config. */
import { describe, expect, test } from 'vitest';
import { boolean, duration, integer, readFields } from '../src/internal.js';

const FIELDS = {
  count: integer({ min: 1, max: 5, default: 3 }),
  wait: duration({ default: Number.POSITIVE_INFINITY }),
  eager: boolean(),
};
const read = (json: object) => readFields('a_policy', json as Record<string, unknown>, FIELDS);
const DEFAULTS = { count: 3, wait: Number.POSITIVE_INFINITY, eager: false };

describe('a field', () => {
  test('that is absent or null has its default', () => {
    expect(read({})).toEqual(DEFAULTS);
    expect(read({ count: null, wait: null, eager: null })).toEqual(DEFAULTS);
  });

  test('has the value that the policy works with: a Duration in milliseconds', () => {
    expect(read({ count: 5, wait: '1.5s', eager: true })).toEqual({ count: 5, wait: 1500, eager: true });
  });

  test.each([
    [{ count: 0 }, 'a_policy: count must be an integer from 1 to 5, got 0'],
    [{ count: 2.5 }, 'a_policy: count must be an integer from 1 to 5, got 2.5'],
    [{ count: '3' }, 'a_policy: count must be an integer from 1 to 5, got "3"'],
    [{ wait: 5 }, 'a_policy: wait must be a Duration of 0 s or more such as "5s" or "0.250s", got 5'],
    [{ wait: '-1s' }, 'a_policy: wait must be a Duration of 0 s or more such as "5s" or "0.250s", got "-1s"'],
    [{ eager: 'yes' }, 'a_policy: eager must be true or false, got "yes"'],
  ])('that is wrong is named, with its value and what is allowed: %j', (json, message) => {
    expect(() => read(json)).toThrow(new RangeError(message));
  });

  test('is the own one of the config: what it inherits counts for nothing', () => {
    expect(read(Object.create({ count: 0, wait: 5, eager: 'yes' }))).toEqual(DEFAULTS);
  });
});
