/**
 * What the table is made of. A row is what may stand in one place of a config: it reports what is wrong there, and
 * gives what the value stands for, which for the configs of grpc-js is the form that grpc-js reads.
 */
import { isJson, type Json, own } from '../json.js';
import { lazily } from '../lazily.js';
import { didYouMean } from '../text/near-miss.js';
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
    const [, fate, broken = rule] = limits.find(([breaks]) => breaks(value)) ?? [];
    return fate === undefined ? value : void at.refuse(value, broken, fate);
  };
}

const COMPARED: Fate = ['harms', 'grpc-js compares each of them with all others, or with each RPC'];

/** An array of at most so many elements. */
export function list(row: Row, rule: string, most: number, ...limits: readonly Limit<unknown[]>[]): Row {
  const isLong = ({ length }: unknown[]) => length > most;
  const tooLong: Limit<unknown[]> = [isLong, COMPARED, `must have at most ${most} elements`];
  const whole = leaf(Array.isArray, rule, tooLong, ...limits);
  return (value, at) => whole(value, at)?.map((element, i) => row(element, at.at(i)));
}

/** The fields of an object. */
export interface Fields {
  /** Ends the message about what is no object: ` such as {"a": 1}`. */
  readonly example?: string;
  /** What becomes of what is no object, and of null in a field. Default: what its place says. */
  readonly refused?: Fate;
  readonly required?: Rows;
  readonly optional?: Rows;
  /** Fields of the specification that grpc-js has no use for. */
  readonly unread?: Rows;
  /** The name under which grpc-js looks for a field. Default: its own. */
  readonly spelling?: (name: string, json: Json) => string;
  /** What becomes of null, which in proto3 JSON is an absent field. Default: its reader refuses it. */
  readonly absent?: (name: string, at: Place) => Fate | undefined;
  /** What to do with an unknown field, where the spelling does not tell. */
  readonly hint?: (name: string, value: unknown) => string | undefined;
  /** What becomes of other fields. Default: they are found to be unknown. */
  readonly other?: (value: unknown, at: Place, name: string) => unknown;
  /** Finds what is wrong with the fields together. */
  readonly check?: (json: Json, at: Place) => void;
}

/** An object of which the fields are known. Programs load many of these and use few: it is made when it is used. */
export function object(fields: () => Fields): Row<Json | undefined> {
  const row = lazily(() => objectRow(fields()));
  return (json, at) => row()(json, at);
}

function objectRow(fields: Fields): Row<Json | undefined> {
  const { required = {}, optional = {}, unread = {}, example = '', refused, hint, check } = fields;
  const { spelling = (name) => name, other = unknown } = fields;
  const { absent = (_, { within }) => refused ?? within.refused } = fields;
  const rows = new Map(Object.entries({ ...required, ...optional, ...unread }));
  return (json, at) => {
    if (!isJson(json)) return void at.refuse(json, `must be an object${example}`, refused);
    const read = Object.entries(json).map(([name, value]) => {
      const place = at.at(name);
      const field = spelling(name, json);
      const row = rows.get(field);
      if (row === undefined) return [name, other(value, place, name)];
      if (value === null && !Object.hasOwn(required, field)) {
        const fate = absent(field, place);
        return [field, fate && place.mend(null, undefined, fate)];
      }
      if (field !== name) place.mend(value, field, ['ignored', `grpc-js reads ${field} only`]);
      return [field, row(value, place)];
    });
    for (const [name, row] of Object.entries(required))
      if (!Object.hasOwn(json, name)) row(undefined, at.at(name));
    check?.(own(json), at);
    return Object.fromEntries(read.filter(([, value]) => value !== undefined));
  };

  function unknown(value: unknown, at: Place, name: string): void {
    const known = Object.keys({ ...required, ...optional });
    const meant = didYouMean(name, rows.keys());
    const all = known.length > 0 ? `the fields are ${known.join(', ')}` : 'there are no fields';
    const guess = `unknown field: ${meant ?? all}`;
    const told = hint?.(name, value);
    // A field of the future does no harm; a misspelt one is a mistake of the program, or made for another language.
    const takenFrom = (told ?? meant) === undefined ? 'anyone' : 'dns';
    const ignored: Fate = ['ignored', 'grpc-js does not know the field and ignores it'];
    at.find(value, ignored, told ?? guess, { takenFrom });
  }
}
