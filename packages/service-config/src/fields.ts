/**
 * The fields of a policy's config, declared as rows: `fields: { repeatCount: integer({ min: 1, max: 10, default: 3 }) }`.
 * One row gives the parsing, the errors, the findings of `checkServiceConfig`, and what documentation and forms say.
 *
 *     integer, number   ({ min?, max?, default?, description? })
 *     boolean, string   ({ default?, description? })
 *     duration          ({ min?, max?, default?, description? })   of proto3 JSON, "1.5s"; the policy gets milliseconds
 *     list(row,         { default?, description? })
 *
 *     ConfigOf<typeof fields>    what the policy works with: { repeatCount: number }
 *     JsonOf<typeof fields>      what people write: { repeatCount?: number | null }
 *     declareFields(name, fields, check?)                once per policy: policies/declared-fields.ts
 *       .parse(json)    what grpc-js hands over -> ConfigOf; RangeError `name: repeatCount must be ..., got 0`
 *       .write(json)    what a program writes -> the entry `{ [name]: json }`; also refuses misspelt fields and non-JSON
 *     petiolePolicies().registered.set(name, declared)   after the registration: `checkServiceConfig` checks by it
 */
import { durationMs, parseDuration } from './duration.js';
import { Place } from './walk/place.js';
import type { Row } from './walk/rows.js';

/** What documentation and forms say of a field. Values are as in JSON: a Duration is `"1.5s"`. */
export interface FieldDescription<Given = unknown> {
  readonly type: 'integer' | 'number' | 'boolean' | 'string' | 'duration' | 'list';
  readonly min?: Given;
  readonly max?: Given;
  /** The value of a field that is absent or null, as in proto3 JSON. */
  readonly default?: Given | undefined;
  /** A sentence for the reader. */
  readonly description?: string;
  /** What a list consists of. */
  readonly elements?: FieldDescription;
}

/** A field of a policy's config, of which people write `Given` and the policy gets `Value`, or `Absent`. */
export interface Field<Given = unknown, Value = unknown, Absent = unknown> {
  readonly about: FieldDescription<Given>;
  /** Reads a value that is there. Undefined, with a finding, if it is wrong. */
  readonly read: Row<Value | undefined>;
  /** What the policy gets for a field that is not there. */
  readonly absent: Absent;
}

export type Fields = Readonly<Record<string, Field>>;

/** What the policy works with. */
export type ConfigOf<Declared extends Fields> = {
  readonly [Name in keyof Declared]: Declared[Name] extends Field<infer _, infer Value, infer Absent>
    ? Value | Absent
    : never;
};

/** What people write. */
export type JsonOf<Declared extends Fields> = {
  readonly [Name in keyof Declared]?: Declared[Name] extends Field<infer Given> ? Given | null : never;
};

/** Options of a row without bounds. */
export interface FieldOptions<Given, Default extends Given | undefined> {
  /** The value of a field that is absent or null. Default: the policy gets undefined. */
  readonly default?: Default;
  /** A sentence for documentation and forms. */
  readonly description?: string;
}

/** Options of a row with bounds, both inclusive. */
export interface BoundedFieldOptions<Given, Default extends Given | undefined>
  extends FieldOptions<Given, Default> {
  readonly min?: Given;
  readonly max?: Given;
}

/** What the policy gets where there is neither a value nor a default. */
type Absent<Value, Default> = Default extends undefined ? undefined : Value;

/** A whole number: no fraction, no string. */
export function integer<Default extends number | undefined = undefined>(
  options: BoundedFieldOptions<number, Default> = {},
): Field<number, number, Absent<number, Default>> {
  const takes = (value: unknown): value is number => Number.isInteger(value) && isWithin(value, options);
  return field<number, number, Absent<number, Default>>(
    { type: 'integer', ...options },
    takes,
    `must be an integer${range(options)}`,
    same,
  );
}

/** Any number that JSON has. */
export function number<Default extends number | undefined = undefined>(
  options: BoundedFieldOptions<number, Default> = {},
): Field<number, number, Absent<number, Default>> {
  const takes = (value: unknown): value is number => Number.isFinite(value) && isWithin(value, options);
  return field<number, number, Absent<number, Default>>(
    { type: 'number', ...options },
    takes,
    `must be a number${range(options)}`,
    same,
  );
}

/** True or false. Its default is false if none is given. */
export function boolean(options: FieldOptions<boolean, boolean> = {}): Field<boolean, boolean, boolean> {
  const takes = (value: unknown) => typeof value === 'boolean';
  return field({ type: 'boolean', default: false, ...options }, takes, 'must be true or false', same);
}

/** Any text. */
export function string<Default extends string | undefined = undefined>(
  options: FieldOptions<string, Default> = {},
): Field<string, string, Absent<string, Default>> {
  const takes = (value: unknown) => typeof value === 'string';
  return field<string, string, Absent<string, Default>>(
    { type: 'string', ...options },
    takes,
    'must be a string',
    same,
  );
}

/** A Duration of proto3 JSON, `"5s"` or `"0.250s"`. The policy gets milliseconds. */
export function duration<Default extends string | undefined = undefined>(
  options: BoundedFieldOptions<string, Default> = {},
): Field<string, number, Absent<number, Default>> {
  const { min = '0s', max } = options;
  const least = max === undefined ? ` of ${spaced(min)} or more` : ` from ${spaced(min)} to ${spaced(max)}`;
  const bounds = { min: ms(min), ...(max === undefined ? {} : { max: ms(max) }) };
  const takes = (value: unknown): value is string => isWithin(ms(value), bounds);
  const rule = `must be a Duration${least} such as "5s" or "0.250s"`;
  return field<string, number, Absent<number, Default>>({ type: 'duration', ...options }, takes, rule, ms);
}

/** An array of values that are all of one kind. */
export function list<Given, Value, Default extends readonly Given[] | undefined = undefined>(
  element: Field<Given, Value>,
  options: FieldOptions<readonly Given[], Default> = {},
): Field<readonly Given[], readonly Value[], Absent<readonly Value[], Default>> {
  const read = (values: readonly unknown[], at: Place) =>
    values.map((value, i) => element.read(value, at.at(i)) as Value);
  const takes = (value: unknown): value is readonly Given[] => Array.isArray(value);
  const about = { type: 'list', elements: element.about, ...options } as const;
  return field<readonly Given[], readonly Value[], Absent<readonly Value[], Default>>(
    about,
    takes,
    'must be an array',
    read,
  );
}

const same = <Value>(value: Value): Value => value;
const ms = (value: unknown): number => durationMs(parseDuration(value) ?? { seconds: Number.NaN, nanos: 0 });
const spaced = (duration: string): string => duration.replace(/s$/, ' s');

function isWithin(
  value: unknown,
  { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: { min?: number; max?: number },
): boolean {
  return Number(value) >= min && Number(value) <= max;
}

function range({ min, max }: { min?: number; max?: number }): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  return min !== undefined ? ` of at least ${min}` : max !== undefined ? ` of at most ${max}` : '';
}

/** @throws RangeError on a default that the field itself does not take */
function field<Given, Value, Absent>(
  about: FieldDescription<Given>,
  takes: (value: unknown) => value is Given,
  rule: string,
  value: (given: Given, at: Place) => Value,
): Field<Given, Value, Absent> {
  const read = (given: unknown, at: Place): Value | undefined => {
    if (takes(given)) return value(given, at);
    at.refuse(given, rule, 'fails', 'RPCs fail with this message');
    return undefined;
  };
  const at = new Place();
  const absent = about.default === undefined ? undefined : read(about.default, at);
  for (const { path, instead } of at.findings) throw new RangeError(`default${path} ${instead}`);
  return { about, read, absent: absent as Absent };
}
