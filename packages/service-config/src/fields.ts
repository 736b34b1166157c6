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
import { isBoolean, isString } from './json.js';
import { Place } from './walk/place.js';
import { leaf, type Row } from './walk/rows.js';

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

/** Options of a row. */
export interface FieldOptions<Given, Default extends Given | undefined> {
  /** The value of a field that is absent or null. Default: the policy gets undefined. */
  readonly default?: Default;
  /** A sentence for documentation and forms. */
  readonly description?: string;
}

/** The bounds of a row, both inclusive. */
export interface FieldBounds<Given> {
  readonly min?: Given;
  readonly max?: Given;
}

/** Makes the fields of one type. */
type FieldType<Given, Value, Bounds> = <Default extends Given | undefined = undefined>(
  options?: FieldOptions<Given, Default> & Bounds,
) => Field<Given, Value, Default extends undefined ? undefined : Value>;

const same = <Value>(value: Value): Value => value;
const ms = (value: string): number => durationMs(parseDuration(value) ?? { seconds: Number.NaN, nanos: 0 });

/** A whole number: no fraction, no string. */
export const integer: FieldType<number, number, FieldBounds<number>> = fieldType(
  { type: 'integer', noun: 'an integer' },
  (value) => Number.isInteger(value),
  same<number>,
);

/** Any number that JSON has. */
export const number: FieldType<number, number, FieldBounds<number>> = fieldType(
  { type: 'number', noun: 'a number' },
  (value) => Number.isFinite(value),
  same<number>,
);

/** Any text. */
export const string: FieldType<string, string, object> = fieldType(
  { type: 'string', noun: 'a string' },
  isString,
  same<string>,
);

/** A Duration of proto3 JSON, `"5s"` or `"0.250s"`. The policy gets milliseconds. */
export const duration: FieldType<string, number, FieldBounds<string>> = fieldType(
  { type: 'duration', noun: 'a Duration', min: '0s', example: ' such as "5s" or "0.250s"' },
  (value) => parseDuration(value) !== undefined,
  ms,
);

/** True or false. Its default is false if none is given. */
export function boolean(options: FieldOptions<boolean, boolean> = {}): Field<boolean, boolean, boolean> {
  return field({ type: 'boolean', default: false, ...options }, leaf(isBoolean, 'must be true or false'));
}

/** An array of values that are all of one kind. */
export function list<Given, Value, Default extends readonly Given[] | undefined = undefined>(
  { about: elements, read }: Field<Given, Value>,
  options: FieldOptions<readonly Given[], Default> = {},
): Field<readonly Given[], readonly Value[], Default extends undefined ? undefined : readonly Value[]> {
  const whole = leaf(Array.isArray, 'must be an array');
  return field({ type: 'list', elements, ...options }, (value, at) =>
    whole(value, at)?.map((element, i) => read(element, at.at(i)) as Value),
  );
}

function fieldType<Given, Value>(
  kind: FieldBounds<Given> & { readonly type: FieldDescription['type']; noun: string; example?: string },
  takes: (value: unknown) => boolean,
  read: (given: Given) => Value,
): FieldType<Given, Value, FieldBounds<Given>> {
  return (options = {}) => {
    const { min = kind.min, max } = options;
    const isWithin = (value: unknown): value is Given =>
      takes(value) &&
      (min === undefined || read(value as Given) >= read(min)) &&
      (max === undefined || read(value as Given) <= read(max));
    const row = leaf(isWithin, `must be ${kind.noun}${range(min, max)}${kind.example ?? ''}`);
    return field({ type: kind.type, ...options }, (value, at) => {
      const given = row(value, at);
      return given === undefined ? undefined : read(given);
    });
  };
}

/** As messages have it: ` from 1 s to 60 s`. */
function range(min: unknown, max: unknown): string {
  const one = min === undefined ? (max === undefined ? '' : ` of ${max} or less`) : ` of ${min} or more`;
  const bounds = min === undefined || max === undefined ? one : ` from ${min} to ${max}`;
  return bounds.replaceAll(/(\d)s/g, '$1 s');
}

/** @throws RangeError on a default that the field itself does not take */
function field<Given, Value, Absent>(
  about: FieldDescription,
  read: Row<Value | undefined>,
): Field<Given, Value, Absent> {
  const at = new Place();
  const absent = about.default === undefined ? undefined : read(about.default, at);
  for (const { path, instead } of at.findings) throw new RangeError(`default${path} ${instead}`);
  return { about: about as FieldDescription<Given>, read, absent: absent as Absent };
}
