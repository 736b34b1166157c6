/**
 * The fields of a policy's config, declared as rows: `fields: { repeatCount: integer({ min: 1, max: 10, default: 3 }) }`.
 * One row gives the parsing, the errors, the findings of `checkServiceConfig`, and what documentation and forms say.
 * `declareFields` makes all that of them: see policies/declared-fields.ts.
 */
import { durationMs, parseDuration } from './duration.js';
import { isBoolean, isString } from './json.js';
import { fieldsRow } from './walk/fields-row.js';
import { Place } from './walk/place.js';
import { list as elementsOf, leaf, type Row } from './walk/rows.js';

/** Options of a field. */
export interface FieldOptions<Given = unknown, Default extends Given | undefined = Given | undefined> {
  /** The value of a field that is absent or null, as in proto3 JSON. Default: the policy gets undefined. */
  readonly default?: Default;
  /** A sentence for documentation and forms. */
  readonly description?: string;
}

/** The bounds of a field, both inclusive. Default: none. */
export interface FieldBounds<Given = unknown> {
  readonly min?: Given;
  readonly max?: Given;
}

/** What documentation and forms say of a field. Values are as in JSON: a Duration is `"1.5s"`. */
export interface FieldDescription<Given = unknown> extends FieldOptions<Given>, FieldBounds<Given> {
  readonly type: 'integer' | 'number' | 'boolean' | 'string' | 'duration' | 'list' | 'object' | 'policies';
  /** What a list consists of. */
  readonly elements?: FieldDescription;
  /** What an object consists of. */
  readonly fields?: Readonly<Record<string, FieldDescription>>;
}

/** A field of a policy's config, of which people write `Given` and the policy gets `Value`. */
export interface Field<Given = unknown, Value = unknown> {
  readonly about: FieldDescription<Given>;
  /** @internal Reads a value that is there. Undefined, with a finding, if it is wrong. */
  readonly read: Row<Value | undefined>;
  /** What the policy gets for a field that is not there. */
  readonly absent: Value;
}

export type Fields = Readonly<Record<string, Field>>;

/** What the policy works with: `{ repeatCount: number }`. */
export type ConfigOf<Declared extends Fields> = {
  readonly [Name in keyof Declared]: Declared[Name]['absent'];
};

/** What people write: `{ repeatCount?: number | null }`. */
export type JsonOf<Declared extends Fields> = {
  readonly [Name in keyof Declared]?: Declared[Name] extends Field<infer Given> ? Given | null : never;
};

/** What a policy gets of a field with that default. */
type OrAbsent<Value, Default> = Default extends undefined ? Value | undefined : Value;

/** Makes the fields of one kind. */
type Kind<Given, Bounds = FieldBounds<Given>, Value = Given> = <
  Default extends Given | undefined = undefined,
>(
  options?: FieldOptions<Given, Default> & Bounds,
) => Field<Given, OrAbsent<Value, Default>>;

/** A whole number: no fraction, no string. */
export const integer: Kind<number> = kind({ type: 'integer', noun: 'an integer' }, Number.isInteger, Number);

/** Any number that JSON has. */
export const number: Kind<number> = kind({ type: 'number', noun: 'a number' }, Number.isFinite, Number);

/** A Duration of proto3 JSON, `"5s"` or `"0.250s"`. The policy gets milliseconds. */
export const duration: Kind<string, FieldBounds<string>, number> = kind(
  { type: 'duration', noun: 'a Duration', min: '0s', example: ' such as "5s" or "0.250s"' },
  (value) => parseDuration(value) !== undefined,
  durationMs,
);

/** Any text. */
export const string: Kind<string, object> = kind({ type: 'string', noun: 'a string' }, isString, String);

/** True or false. Its default is false if none is given. */
export function boolean(options: FieldOptions<boolean, boolean> = {}): Field<boolean, boolean> {
  return field({ type: 'boolean', default: false, ...options }, leaf(isBoolean, 'must be true or false'));
}

/** An array of values that are all of one kind. */
export function list<Given, Value, Default extends readonly Given[] | undefined = undefined>(
  element: Field<Given, Value>,
  options: FieldOptions<readonly Given[], Default> = {},
): Field<readonly Given[], OrAbsent<readonly Exclude<Value, undefined>[], Default>> {
  const row = elementsOf(element.read, 'must be an array', Number.POSITIVE_INFINITY);
  return field({ type: 'list', elements: element.about, ...options }, row);
}

/** An object of fields, each of which may be absent. One that is there has their defaults. */
export function object<
  const Declared extends Fields,
  Default extends JsonOf<Declared> | undefined = undefined,
>(
  fields: Declared,
  options: FieldOptions<JsonOf<Declared>, Default> = {},
): Field<JsonOf<Declared>, OrAbsent<ConfigOf<Declared>, Default>> {
  const about = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.about]));
  return field({ type: 'object', fields: about, ...options }, fieldsRow(fields));
}

interface About<Given> extends Pick<FieldDescription<Given>, 'type' | 'min'> {
  readonly noun: string;
  readonly example?: string;
}

function kind<Given, Value>(
  { type, noun, min: least, example = '' }: About<Given>,
  takes: (value: unknown) => boolean,
  read: (given: Given) => Value,
): Kind<Given, FieldBounds<Given>, Value> {
  return (options = {}) => {
    const { min = least, max } = options;
    const isWithin = (value: unknown): value is Given =>
      takes(value) &&
      (min === undefined || read(value as Given) >= read(min)) &&
      (max === undefined || read(value as Given) <= read(max));
    const row = leaf(isWithin, `must be ${noun}${range(min, max)}${example}`);
    return field({ type, ...options }, (value, at) => {
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
function field<Given, Value>(about: FieldDescription, read: Row): Field<Given, Value> {
  const at = new Place();
  const absent = about.default === undefined ? undefined : read(about.default, at);
  for (const { path, instead } of at.findings) throw new RangeError(`default${path} ${instead}`);
  return { about, read, absent } as Field<Given, Value>;
}
