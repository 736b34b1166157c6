/** The fields of a policy's config, declared once. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  boolean,
  type ConfigOf,
  duration,
  integer,
  type JsonOf,
  list,
  number,
  object,
  string,
} from '../src/index.js';
import { declareFields } from '../src/internal.js';

const FIELDS = {
  count: integer({ min: 1, max: 5, default: 3, description: 'RPCs to one endpoint' }),
  share: number({ min: 0.5 }),
  wait: duration(),
  pause: duration({ min: '1s', max: '60s', default: '1.5s' }),
  eager: boolean(),
  header: string({ default: 'x-endpoint' }),
  zones: list(string(), { default: [] }),
  ramp: object({ length: duration({ min: '1s', default: '30s' }), steps: integer({ min: 1 }) }),
};
const declared = declareFields('a_policy', FIELDS, ({ count, share }) => {
  if (share === count) throw new Error('a_policy: share must differ from count');
});
const DEFAULTS: ConfigOf<typeof FIELDS> = {
  count: 3,
  share: undefined,
  wait: undefined,
  pause: 1500,
  eager: false,
  header: 'x-endpoint',
  zones: [],
  ramp: undefined,
};

describe('a declared field', () => {
  test('that is absent or null has its default, or else is undefined', () => {
    const absent = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, null]));
    expect(declared.parse({})).toEqual(DEFAULTS);
    expect(declared.parse(absent)).toEqual(DEFAULTS);
  });

  test('has the value that the policy works with: a Duration in milliseconds', () => {
    const json = { count: 5, share: 0.75, wait: '2s', pause: '60s', eager: true, header: '', zones: ['a'] };
    expect(declared.parse(json)).toEqual({ ...json, wait: 2000, pause: 60_000 });
    expect(declared.write(json)).toEqual({ a_policy: json });
  });

  test('that is an object has the defaults of its own fields once it is there, and else its own default', () => {
    const { ramp } = declared.parse({ ramp: { steps: 5, length: null, novel: 1 } });
    expect(ramp).toEqual({ length: 30_000, steps: 5 });
    const given = object({ on: boolean() }, { default: {} });
    expect(declareFields('other', { given }).parse({})).toEqual({ given: { on: false } });
  });

  test.each([
    [{ count: 0 }, 'count must be an integer from 1 to 5, got 0'],
    [{ count: 2.5 }, 'count must be an integer from 1 to 5, got 2.5'],
    [{ count: '3' }, 'count must be an integer from 1 to 5, got "3"'],
    [{ count: Number.NaN }, 'count must be an integer from 1 to 5, got NaN'],
    [{ share: 0.4 }, 'share must be a number of 0.5 or more, got 0.4'],
    [{ wait: 5 }, 'wait must be a Duration of 0 s or more such as "5s" or "0.250s", got 5'],
    [{ wait: '-1s' }, 'wait must be a Duration of 0 s or more such as "5s" or "0.250s", got "-1s"'],
    [{ pause: '0.5s' }, 'pause must be a Duration from 1 s to 60 s such as "5s" or "0.250s", got "0.5s"'],
    [{ eager: 'yes' }, 'eager must be true or false, got "yes"'],
    [{ header: 1 }, 'header must be a string, got 1'],
    [{ zones: 'a' }, 'zones must be an array, got "a"'],
    [{ zones: ['a', null] }, 'zones[1] must be a string, got null'],
    [{ ramp: '30s' }, 'ramp must be an object, got "30s"'],
    [{ ramp: [] }, 'ramp must be an object, got []'],
    [
      { ramp: { length: '0s' } },
      'ramp.length must be a Duration of 1 s or more such as "5s" or "0.250s", got "0s"',
    ],
    [{ ramp: { steps: 0 } }, 'ramp.steps must be an integer of 1 or more, got 0'],
    [{ share: 3 }, 'share must differ from count'],
    [[], 'config must be an object, got []'],
    [null, 'config must be an object, got null'],
  ])('that is wrong is named, with its value and what is allowed: %j', (json, message) => {
    expect(() => declared.parse(json)).toThrow(new RangeError(`a_policy: ${message}`));
    expect(() => declared.write(json as object)).toThrow(new RangeError(`a_policy: ${message}`));
  });

  test('is the own one of the config: what it inherits counts for nothing', () => {
    expect(declared.parse(Object.create({ count: 0, wait: 5, eager: 'yes' }))).toEqual(DEFAULTS);
    const { parse } = declareFields('other', { toString: boolean() });
    expect(parse({})).toEqual({ toString: false });
  });

  test('that nobody knows is ignored by the policy, and refused of a program if it is misspelt', () => {
    expect(declared.parse({ cuont: 1, novel: 2 })).toEqual(DEFAULTS);
    expect(declared.write({ novel: 2 })).toEqual({ a_policy: { novel: 2 } });
    const message = 'a_policy: Count is no field of its config: did you mean "count"?';
    expect(() => declared.write({ Count: 1 })).toThrow(new TypeError(message));
    const inside = 'a_policy: ramp.step is no field of its config: did you mean "steps"?';
    expect(() => declared.write({ ramp: { step: 1 } })).toThrow(new TypeError(inside));
    expect(declared.parse({ ramp: { step: 1 } }).ramp).toEqual({ length: 30_000, steps: undefined });
  });

  test('is JSON: what a program writes, and JSON would drop, is an error', () => {
    expect(() => declared.write({ novel: () => 1 })).toThrow('a_policy: config: novel: must be JSON');
  });

  test('is described for documentation and forms, in the terms of JSON', () => {
    const described = Object.entries(declared.fields).map(([name, { about }]) => [name, about]);
    expect(Object.fromEntries(described)).toEqual({
      count: { type: 'integer', min: 1, max: 5, default: 3, description: 'RPCs to one endpoint' },
      share: { type: 'number', min: 0.5 },
      wait: { type: 'duration' },
      pause: { type: 'duration', min: '1s', max: '60s', default: '1.5s' },
      eager: { type: 'boolean', default: false },
      header: { type: 'string', default: 'x-endpoint' },
      zones: { type: 'list', elements: { type: 'string' }, default: [] },
      ramp: {
        type: 'object',
        fields: {
          length: { type: 'duration', min: '1s', default: '30s' },
          steps: { type: 'integer', min: 1 },
        },
      },
    });
  });

  test('must take its own default', () => {
    expect(() => integer({ min: 1, default: 0 })).toThrow('default must be an integer of 1 or more, got 0');
    expect(() => list(integer(), { default: [0.5] })).toThrow('default[0] must be an integer, got 0.5');
  });

  test('gives the types of what the policy works with, and of what people write', () => {
    expectTypeOf<ConfigOf<typeof FIELDS>>().toEqualTypeOf<{
      readonly count: number;
      readonly share: number | undefined;
      readonly wait: number | undefined;
      readonly pause: number;
      readonly eager: boolean;
      readonly header: string;
      readonly zones: readonly string[];
      readonly ramp: { readonly length: number; readonly steps: number | undefined } | undefined;
    }>();
    expectTypeOf<JsonOf<typeof FIELDS>>().toEqualTypeOf<{
      readonly count?: number | null;
      readonly share?: number | null;
      readonly wait?: string | null;
      readonly pause?: string | null;
      readonly eager?: boolean | null;
      readonly header?: string | null;
      readonly zones?: readonly string[] | null;
      readonly ramp?: { readonly length?: string | null; readonly steps?: number | null } | null;
    }>();
  });
});

test('a check that answers later is refused: a config is used at once', () => {
  const { parse } = declareFields('hasty', {}, async () => Promise.reject(new Error('too late')));
  expect(() => parse({})).toThrow('hasty: check must say at once what is wrong, got a promise');
});
