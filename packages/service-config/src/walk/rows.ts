/**
 * What the table is made of. A row is what may stand in one place of a config: it reports what is wrong there, and
 * gives what the value stands for, which for the configs of grpc-js is the form that grpc-js reads.
 */
import { isJson, type Json } from '../json.js';
import { nearMiss } from '../text/near-miss.js';
import { show } from '../text/show.js';
import type { Fate, Place } from './place.js';

export type Row<Value = unknown> = (value: unknown, at: Place) => Value;
export type Rows = Readonly<Record<string, Row>>;

/** What becomes of some of the values that a reader takes, and the rule that they break if it is not the row's own. */
export type Limit<Value> = readonly [breaks: (value: Value) => boolean, fate: Fate, rule?: string];

/** A value by itself: what its reader takes, the rule that it follows, and its limits. Undefined if it breaks any. */
export function leaf<Value>(
  takes: (value: unknown) => value is Value,
  rule: string,
  ...limits: readonly Limit<Value>[]
): Row<Value | undefined> {
  return (value, at) => {
    if (!takes(value)) return void at.refuse(value, rule);
    const [, fate, own = rule] = limits.find(([breaks]) => breaks(value)) ?? [];
    return fate === undefined ? value : void at.refuse(value, own, fate);
  };
}

const COMPARED: Fate = ['harms', 'grpc-js compares each of them with all others, or with each RPC'];

/** An array of at most so many elements. */
export function list(row: Row, rule: string, most: number, ...limits: readonly Limit<unknown[]>[]): Row {
  const isLong = (value: unknown[]) => value.length > most;
  const whole = leaf(
    Array.isArray,
    rule,
    [isLong, COMPARED, `must have at most ${most} elements`],
    ...limits,
  );
  return (value, at) => whole(value, at)?.map((element, i) => row(element, at.at(i)));
}

/** The fields of an object. */
export interface Fields {
  readonly required?: Rows;
  readonly optional?: Rows;
  /** Fields of the specification that grpc-js has no use for. */
  readonly unread?: Rows;
  /** The name under which grpc-js looks for a field. Default: its own. */
  readonly spelling?: (name: string, json: Json) => string;
  /** What becomes of null, which in proto3 JSON is an absent field. Default: its reader refuses it. */
  readonly absent?: (name: string, at: Place) => undefined;
  /** What becomes of other fields. Default: they are found to be unknown. */
  readonly other?: (name: string, value: unknown, at: Place) => unknown;
}

/** An object of which the fields are known. */
export function object(fields: Fields): Row<Json | undefined> {
  const {
    required = {},
    optional = {},
    unread = {},
    spelling = (name) => name,
    absent = refuseNull,
  } = fields;
  const { other = (name, value, at) => unknownField(name, value, at, fields) } = fields;
  const rows: Rows = { ...required, ...optional, ...unread };
  return (json, at) => {
    if (!isJson(json)) return void at.refuse(json, 'must be an object');
    const read = Object.entries(json).map(([name, value]) => {
      const place = at.at(name);
      const field = spelling(name, json);
      const row = Object.hasOwn(rows, field) ? rows[field] : undefined;
      if (row === undefined) return [name, other(name, value, place)];
      if (value === null && !Object.hasOwn(required, field)) return [field, absent(name, place)];
      if (field !== name) place.mend(value, field, ['ignored', `grpc-js reads ${field} only`]);
      return [field, row(value, place)];
    });
    for (const [name, row] of Object.entries(required))
      if (!Object.hasOwn(json, name)) row(undefined, at.at(name));
    return Object.fromEntries(read.filter(([, value]) => value !== undefined));
  };
}

function refuseNull(_: string, at: Place): undefined {
  return at.mend(null, undefined, at.within.refused);
}

/** What grpc-js does with null in some places. */
export function ignoresNull(...names: readonly string[]): typeof refuseNull {
  const ignored: Fate = ['ignored', 'grpc-js ignores it'];
  return (name, at) => (names.includes(name) ? at.mend(null, undefined, ignored) : refuseNull(name, at));
}

/**
 * Takes a finding: nobody reads the field, which is mostly misspelt.
 * @param hint what to do instead, where the spelling does not tell
 */
export function unknownField(name: string, value: unknown, at: Place, fields: Fields, hint?: string): void {
  const known = Object.keys({ ...fields.required, ...fields.optional });
  const meant = nearMiss(name, [...known, ...Object.keys(fields.unread ?? {})]);
  const all = known.length > 0 ? `the fields are ${known.join(', ')}` : 'there are no fields';
  const instead = hint ?? `unknown field: ${meant === undefined ? all : `did you mean ${show(meant)}?`}`;
  // A field of the future does no harm; a misspelt one is a mistake of the program, or made for another language.
  const takenFrom = hint === undefined && meant === undefined ? 'anyone' : 'dns';
  at.find(value, ['ignored', 'grpc-js does not know the field and ignores it'], instead, { takenFrom });
}
